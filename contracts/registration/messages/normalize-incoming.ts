import type { Payload } from "../../../runtime/core/message.ts";

const NIL = "00000000-0000-0000-0000-000000000000";
const IDS = ["correlation_id", "registration_attempt_id", "command_id"] as const;

/** What every incoming payload has in common: null, or a nil UUID, means left out; UUIDs compare in lower case. */
export function normalizeIncoming(payload: Payload): Payload {
  const given = Object.fromEntries(withoutNulls(payload));
  for (const id of IDS) {
    const value = given[id];
    if (value === NIL) delete given[id];
    else if (typeof value === "string") given[id] = value.toLowerCase();
  }
  return given;
}

// `__proto__` is dropped: nobody names a field so in earnest, and a careless copy downstream would obey it.
const withoutNulls = (payload: Payload) =>
  Object.entries(payload).filter(([name, value]) => value !== null && value !== undefined && name !== "__proto__");
