import { parse, v5 } from "uuid";

// As bytes, both: parsing the one and spelling out the other for each id would take longer than the hash.
const NAMESPACE = parse("6f7a2c1e-53f0-5d0b-9c55-0c2f6a1f9d37");
const encoder = new TextEncoder();
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const NIL = "00000000-0000-0000-0000-000000000000";

/** UUIDv5 of the parts. Ids are derived, never random: a step that runs again makes the same ones. */
export const derivedId = (...parts: readonly (string | number)[]): string =>
  v5(encoder.encode(JSON.stringify(parts)), NAMESPACE);

/** A sender's id as a UUID, lower case: its own if it is one, else UUIDv5 of (source, id); undefined for none or nil. */
export function senderId(source: string, id: unknown): string | undefined {
  if (typeof id !== "string" || id === "" || id === NIL) return undefined;
  return UUID.test(id) ? id.toLowerCase() : derivedId("sender", source, id);
}
