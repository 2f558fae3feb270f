import { createHmac, hash, timingSafeEqual } from "node:crypto";
import type { Door } from "./door.ts";

/** The header of a record that has its door. The payload's bytes stay as they were sent. */
export const DOOR_HEADER = "rollcall-door";

/** A secret of at least 32 bytes, known to all processes of a deployment. */
export interface DoorKey {
  readonly id: number;
  readonly secret: Uint8Array;
}

/** The message that a door belongs to, and to no other. */
export interface DoorMessage {
  readonly domain: string;
  readonly type: string;
  readonly id: string;
  readonly entityId: string;
  /** The record's bytes. */
  readonly value: Uint8Array;
}

/** A door and what it belongs to. */
export interface SealedDoor extends Omit<DoorMessage, "value"> {
  /** SHA-256 of the record's bytes, base64url. */
  readonly digest: string;
  readonly door: Door;
}

/** What is signed. */
interface Signed extends SealedDoor {
  /** Ms since the epoch. */
  readonly at: number;
}

/** Of the JSON of what a gateway has read. */
export const LOADED_BYTES_MAX = 16_384;
/** Of the whole header: what is loaded, the caller, and both again for base64. */
const HEADER_LENGTH_MAX = 48 * 1_024;
/** A door that is older when the broker takes the record counts no more, whatever a contract says. */
export const DOOR_AGE_MAX_MS = 10 * 60_000;
/** By how much the clock of a gateway may be ahead of the broker's. */
const DOOR_AHEAD_MAX_MS = 30_000;

/** Why a record's door is none. */
export const DOOR_PROBLEMS = ["malformed", "unknown_key", "forged", "other_message", "too_old", "ahead"] as const;
export type DoorProblem = (typeof DOOR_PROBLEMS)[number];

const VERSION = "1";
const PARTS = /^1\.([0-9]{1,9})\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{43})$/;

const digestOf = (value: Uint8Array): string => hash("sha256", value, "base64url");
const macOf = ({ id, secret }: DoorKey, body: string): Buffer =>
  createHmac("sha256", secret).update(`rollcall-door ${VERSION}.${id}.${body}`).digest();

/**
 * The value of the record's `rollcall-door`. Only this message has it: with another domain, type, id, entity or
 * payload, or more than 10 minutes later, it is no door.
 * @param atMs now, ms since the epoch, nearest to the broker's clock
 * @throws RangeError when what is loaded is over 16 KiB, or the whole too large for a header
 */
export const sealDoor = (key: DoorKey, door: Door, message: DoorMessage, atMs: number): string => {
  const { domain, type, id, entityId, value } = message;
  return sealAgain(key, { domain, type, id, entityId, digest: digestOf(value), door }, atMs);
};

/** The same for a record that is published once more, byte for byte. @throws RangeError as `sealDoor` */
export function sealAgain(key: DoorKey, sealed: SealedDoor, atMs: number): string {
  const loadedBytes = Buffer.byteLength(JSON.stringify(sealed.door.loaded));
  if (loadedBytes > LOADED_BYTES_MAX)
    throw new RangeError(`what is loaded has ${loadedBytes} bytes, at most ${LOADED_BYTES_MAX} are taken`);
  const body = Buffer.from(JSON.stringify({ ...sealed, at: atMs } satisfies Signed)).toString("base64url");
  const text = `${VERSION}.${key.id}.${body}.${macOf(key, body).toString("base64url")}`;
  if (text.length > HEADER_LENGTH_MAX)
    throw new RangeError(`the door has ${text.length} characters, at most ${HEADER_LENGTH_MAX} are taken`);
  return text;
}

/** The id of the key that a header names; undefined: it is no door's. */
export function doorKeyId(header: string): number | undefined {
  const [, id] = header.length > HEADER_LENGTH_MAX ? [] : (/^1\.([0-9]{1,9})\./.exec(header) ?? []);
  return id === undefined ? undefined : Number(id);
}

/**
 * Reads a header that may come from anyone. Total, and nothing of it is parsed before its signature holds.
 * @param value the record's bytes
 * @param brokerTimeMs when the broker took the record, ms since the epoch
 * @returns a door of these bytes: `doorOf` says whether it is the message's
 */
export function openDoor(
  keys: readonly DoorKey[],
  header: string,
  value: Uint8Array,
  brokerTimeMs: number,
): { readonly sealed: SealedDoor } | { readonly problem: DoorProblem } {
  const [, id, body = "", mac = ""] = header.length > HEADER_LENGTH_MAX ? [] : (PARTS.exec(header) ?? []);
  if (id === undefined) return { problem: "malformed" };
  const key = keys.find((each) => each.id === Number(id));
  if (!key) return { problem: "unknown_key" };
  if (!timingSafeEqual(macOf(key, body), Buffer.from(mac, "base64url"))) return { problem: "forged" };
  const { at, ...sealed } = JSON.parse(Buffer.from(body, "base64url").toString()) as Signed;
  if (sealed.digest !== digestOf(value)) return { problem: "other_message" };
  if (brokerTimeMs - at > DOOR_AGE_MAX_MS) return { problem: "too_old" };
  return at - brokerTimeMs > DOOR_AHEAD_MAX_MS ? { problem: "ahead" } : { sealed };
}

/** The door, if it was sealed for this message. */
export const doorOf = (sealed: SealedDoor, message: Omit<DoorMessage, "value">): Door | undefined =>
  sealed.domain === message.domain &&
  sealed.type === message.type &&
  sealed.id === message.id &&
  sealed.entityId === message.entityId
    ? sealed.door
    : undefined;
