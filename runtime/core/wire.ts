/** Limits of what is read from a bus (protocol.md, Payloads). */
export const VALUE_BYTES_MAX = 256 * 1024;
const DEPTH_MAX = 32;

export type DecodeCode =
  "MALFORMED_JSON" | "INVALID_PAYLOAD" | "UNKNOWN_TYPE" | "VERSION_UNSUPPORTED" | "TOO_LARGE" | "MISROUTED";

/** A message that can't be taken, with its dead-letter code. */
export class Refusal extends Error {
  readonly code: DecodeCode;
  constructor(code: DecodeCode, message: string) {
    super(message);
    this.code = code;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });
const SUSPECT = /\\u(?:0000|[dD][89a-fA-F])/;

export type JsonObject = Readonly<Record<string, unknown>>;
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Bytes to a JSON object, checked for size, encoding, depth and characters. @throws Refusal */
export function parseObject(value: Uint8Array | null): JsonObject {
  if (value === null || value.length === 0) throw new Refusal("MALFORMED_JSON", "the value is empty");
  if (value.length > VALUE_BYTES_MAX)
    throw new Refusal("TOO_LARGE", `the value has ${value.length} bytes, at most ${VALUE_BYTES_MAX} are taken`);
  const text = decodeUtf8(value);
  refuseDepth(text);
  const parsed = parse(text);
  if (!isObject(parsed)) throw new Refusal("INVALID_PAYLOAD", "the value is JSON but not an object");
  if (SUSPECT.test(text)) refuseCharacters(parsed, "");
  return parsed;
}

function decodeUtf8(value: Uint8Array): string {
  try {
    return utf8.decode(value);
  } catch {
    throw new Refusal("MALFORMED_JSON", "the value is not UTF-8");
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refusal(
      "MALFORMED_JSON",
      `the value is not JSON: ${error instanceof Error ? error.message.slice(0, 200) : ""}`,
    );
  }
}

/** Before the parser recurses: deeper than this is an attack, not a message. */
function refuseDepth(text: string): void {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (inString) {
      if (char === 92) i++;
      else if (char === 34) inString = false;
    } else if (char === 34) inString = true;
    else if (char === 123 || char === 91) {
      if (++depth > DEPTH_MAX) throw new Refusal("INVALID_PAYLOAD", `nested deeper than ${DEPTH_MAX}`);
    } else if (char === 125 || char === 93) depth--;
  }
}

/** NUL characters and lone surrogates: no store takes the first, no UTF-8 the second. */
function refuseCharacters(value: unknown, pointer: string): void {
  if (typeof value === "string") {
    if (value.includes("\0") || /\p{Surrogate}/u.test(value))
      throw new Refusal("INVALID_PAYLOAD", `${pointer || "/"}: NUL character or lone surrogate`);
  } else if (Array.isArray(value)) value.forEach((item, index) => refuseCharacters(item, `${pointer}/${index}`));
  else if (isObject(value))
    for (const [key, item] of Object.entries(value)) {
      refuseCharacters(key, `${pointer}/${key}`);
      refuseCharacters(item, `${pointer}/${key}`);
    }
}
