import { hash } from "node:crypto";

const NAMESPACE = Buffer.from("6f7a2c1e53f05d0b9c550c2f6a1f9d37", "hex");
// One buffer for all ids: a dozen are derived for each message, and allocations would be most of their cost.
let buffer = Buffer.concat([NAMESPACE, Buffer.alloc(4_096)]);
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const NIL = "00000000-0000-0000-0000-000000000000";

// The text of a UUID with its dashes, and the positions of its bytes in it.
const uuidText = Buffer.alloc(36, "-");
const BYTE_POSITIONS = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const;
const HEX_DIGITS = Buffer.from("0123456789abcdef");
const OPENING = 0x5b;
const CLOSING = 0x5d;
const COMMA = 0x2c;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const VERSION_5 = 0x50;
const VARIANT = 0x80;

/**
 * UUIDv5 (RFC 9562) of the parts as a JSON array. Ids are derived, never random: a step that runs again gives the same
 * ones.
 */
export function derivedId(...parts: readonly (string | number)[]): string {
  let end = writeAsciiJson(parts);
  if (end < 0) {
    const name = JSON.stringify(parts);
    const room = NAMESPACE.length + name.length * 3;
    if (room > buffer.length) buffer = Buffer.concat([NAMESPACE], room);
    end = NAMESPACE.length + buffer.write(name, NAMESPACE.length);
  }
  const digest = hash("sha1", buffer.subarray(0, end), "binary");
  BYTE_POSITIONS.forEach((place, at) => {
    let byte = digest.charCodeAt(at);
    if (at === 6) byte = (byte & 0x0f) | VERSION_5;
    if (at === 8) byte = (byte & 0x3f) | VARIANT;
    uuidText[place] = HEX_DIGITS[byte >> 4]!;
    uuidText[place + 1] = HEX_DIGITS[byte & 0x0f]!;
  });
  // One flat string: V8 would keep a concatenation of slices as a tree of eight strings.
  return uuidText.toString("latin1");
}

/**
 * Writes the JSON of the parts behind the namespace, without allocating.
 * @returns where it ends; -1 when a part is too long or needs escapes: then `JSON.stringify` must do it
 */
function writeAsciiJson(parts: readonly (string | number)[]): number {
  let at = NAMESPACE.length;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    const text = typeof part === "string" ? part : String(part);
    if (at + text.length + 4 > buffer.length || (typeof part === "number" && !Number.isFinite(part))) return -1;
    buffer[at++] = i === 0 ? OPENING : COMMA;
    if (typeof part === "string") buffer[at++] = QUOTE;
    for (let j = 0; j < text.length; j++) {
      const unit = text.charCodeAt(j);
      if (unit < 0x20 || unit > 0x7e || unit === QUOTE || unit === BACKSLASH) return -1;
      buffer[at++] = unit;
    }
    if (typeof part === "string") buffer[at++] = QUOTE;
  }
  buffer[at++] = CLOSING;
  return parts.length > 0 ? at : -1;
}

/**
 * A sender's id as a lower-case UUID: itself when it is one, else UUIDv5 of (source, id); undefined for none or nil.
 */
export function senderId(source: string, id: unknown): string | undefined {
  if (typeof id !== "string" || id === "" || id === NIL) return undefined;
  return UUID.test(id) ? id.toLowerCase() : derivedId("sender", source, id);
}

const ENTITY_ID_LENGTH_MAX = 255;
/** Of an entity's id, for people. */
export const ENTITY_ID_LENGTH = `1 to ${ENTITY_ID_LENGTH_MAX} characters`;

/** Whether the text can be an entity's id: nobody could ask for an entity without one, or with a longer one. */
export const isEntityId = (text: string): boolean => text !== "" && text.length <= ENTITY_ID_LENGTH_MAX;
