/** Limits of a record that is read from a bus (protocol.md, Payloads). */
export const VALUE_BYTES_MAX = 256 * 1024;
/** A record's key and headers together. */
export const KEY_AND_HEADERS_BYTES_MAX = 64 * 1024;
/** A payload in its canonical form: an event may contain all of it, and a bus takes messages of up to 512 KiB. */
export const PAYLOAD_BYTES_MAX = 384 * 1024;
const DEPTH_MAX = 32;

export const DECODE_ERROR_CODES = [
  "MALFORMED_JSON",
  "INVALID_PAYLOAD",
  "UNKNOWN_TYPE",
  "VERSION_UNSUPPORTED",
  "TOO_LARGE",
  "MISROUTED",
] as const;
export type DecodeErrorCode = (typeof DECODE_ERROR_CODES)[number];

/** The record can't be read as a message; `code` is its dead letter's. */
export class DecodeError extends Error {
  readonly code: DecodeErrorCode;
  constructor(code: DecodeErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** The message is of a type that its topic's contract has skipped: it is counted, and no dead letter. */
export class SkippedTypeError extends DecodeError {
  readonly type: string;
  constructor(type: string) {
    super("UNKNOWN_TYPE", `messages of the type ${type} are skipped`);
    this.type = type;
  }
}

export const invalidPayload = (message: string): DecodeError => new DecodeError("INVALID_PAYLOAD", message);

const utf8 = new TextDecoder("utf-8", { fatal: true });
const SUSPICIOUS_ESCAPE = /\\u(?:0000|[dD][89a-fA-F])/;

export type JsonObject = Readonly<Record<string, unknown>>;
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Bytes to a JSON object, checked for size, encoding, depth, repeated keys and characters. @throws DecodeError */
export function parseObject(value: Uint8Array | null): JsonObject {
  if (value === null || value.length === 0) throw new DecodeError("MALFORMED_JSON", "the value is empty");
  if (value.length > VALUE_BYTES_MAX)
    throw new DecodeError("TOO_LARGE", `the value has ${value.length} bytes, at most ${VALUE_BYTES_MAX} are taken`);
  const text = decodeUtf8(value);
  const colons = countColons(text);
  const parsed = parseJson(text);
  if (!isObject(parsed)) throw invalidPayload("the value is JSON but not an object");
  // Parsers differ in which of two equal keys counts: a message could mean something else here than to another reader.
  if (countKeys(parsed) < colons) throw invalidPayload("a key stands twice in an object");
  if (SUSPICIOUS_ESCAPE.test(text)) rejectCharacters(parsed, "");
  return parsed;
}

function decodeUtf8(value: Uint8Array): string {
  try {
    return utf8.decode(value);
  } catch {
    throw new DecodeError("MALFORMED_JSON", "the value is not UTF-8");
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const cause = error instanceof Error ? error.message.slice(0, 200) : "";
    throw new DecodeError("MALFORMED_JSON", `the value is not JSON: ${cause}`);
  }
}

/**
 * Also checks the depth, before the JSON parser and our own walks recurse.
 * @returns how many colons stand outside of strings: in JSON as many as there are keys in the text
 */
function countColons(text: string): number {
  let depth = 0;
  let colons = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (inString) {
      if (char === 92) i++;
      else if (char === 34) inString = false;
    } else if (char === 34) inString = true;
    else if (char === 58) colons++;
    else if (char === 123 || char === 91) {
      if (++depth > DEPTH_MAX) throw invalidPayload(`nested deeper than ${DEPTH_MAX}`);
    } else if (char === 125 || char === 93) depth--;
  }
  return colons;
}

function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  if (Array.isArray(value)) return value.reduce<number>((keys, item) => keys + countKeys(item), 0);
  let keys = 0;
  for (const item of Object.values(value)) keys += 1 + countKeys(item);
  return keys;
}

/** NUL characters can't be stored in Postgres, lone surrogates can't be written as UTF-8. */
function rejectCharacters(value: unknown, pointer: string): void {
  if (typeof value === "string") {
    if (value.includes("\0") || /\p{Surrogate}/u.test(value))
      throw invalidPayload(`${pointer || "/"}: NUL character or lone surrogate`);
  } else if (Array.isArray(value)) value.forEach((item, index) => rejectCharacters(item, `${pointer}/${index}`));
  else if (isObject(value))
    for (const [key, item] of Object.entries(value)) {
      rejectCharacters(key, `${pointer}/${key}`);
      rejectCharacters(item, `${pointer}/${key}`);
    }
}

const SHOWN_CHARACTERS = 80;

/** A key as a segment of a JSON pointer (RFC 6901). Pointers are only shown to people, so a long key is cut. */
export const escapePointer = (key: string): string =>
  key.slice(0, SHOWN_CHARACTERS).replaceAll("~", "~0").replaceAll("/", "~1");
