import { hash } from "node:crypto";

const NAMESPACE = Buffer.from("6f7a2c1e53f05d0b9c550c2f6a1f9d37", "hex");
// One buffer for all: a dozen ids are derived for each entity that comes, and most of their cost would be allocations.
let scratch = Buffer.concat([NAMESPACE, Buffer.alloc(4_096)]);
const VARIANTS = "89ab";
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const NIL = "00000000-0000-0000-0000-000000000000";

/**
 * UUIDv5 (RFC 9562) of the parts as a JSON array. Ids are derived, never random: a step that runs again makes the same
 * ones.
 */
export function derivedId(...parts: readonly (string | number)[]): string {
  const name = JSON.stringify(parts);
  const room = NAMESPACE.length + name.length * 3;
  if (room > scratch.length) scratch = Buffer.concat([NAMESPACE], room);
  const end = NAMESPACE.length + scratch.write(name, NAMESPACE.length);
  const hex = hash("sha1", scratch.subarray(0, end), "hex");
  const variant = VARIANTS.charAt(Number.parseInt(hex.charAt(16), 16) & 3);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** A sender's id as a UUID, lower case: its own if it is one, else UUIDv5 of (source, id); undefined for none or nil. */
export function senderId(source: string, id: unknown): string | undefined {
  if (typeof id !== "string" || id === "" || id === NIL) return undefined;
  return UUID.test(id) ? id.toLowerCase() : derivedId("sender", source, id);
}
