import type { Payload } from "../../../runtime/core/message.ts";

const NIL = "00000000-0000-0000-0000-000000000000";
const IDS = ["correlation_id", "registration_attempt_id", "command_id"] as const;

/** For every incoming payload: null and the nil UUID count as missing, and UUIDs become lower case. */
export function normalizeIncoming(payload: Payload): Payload {
  const given = Object.fromEntries(withoutNulls(payload));
  for (const id of IDS) {
    const value = given[id];
    if (value === NIL) delete given[id];
    else if (typeof value === "string") given[id] = value.toLowerCase();
  }
  return given;
}

// `__proto__` is dropped: a later copy of the object that assigns its keys would set its prototype.
const withoutNulls = (payload: Payload) =>
  Object.entries(payload).filter(([name, value]) => value !== null && value !== undefined && name !== "__proto__");
