import { createHmac, timingSafeEqual } from "node:crypto";
import type { DoorKey } from "./door-seal.ts";

/** What a link opens, for whoever has it: calls of one entity, until a time. */
export interface ShareLink {
  readonly domain: string;
  readonly entityId: string;
  /** Names of calls. */
  readonly operations: readonly string[];
  /** Ms since the epoch. */
  readonly expiresAtMs: number;
}

const VERSION = "1";
/** An entity's id may be long, and is written in base64. */
const LENGTH_MAX = 4_096;
const PARTS = /^1\.([0-9]{1,9})\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{43})$/;

/** Another text in front than that of doors: what one of them signs is never the other. */
const macOf = ({ id, secret }: DoorKey, body: string): string =>
  createHmac("sha256", secret).update(`rollcall-share ${VERSION}.${id}.${body}`).digest("base64url");

/** The text that a link has in its query: whoever has it may do what it says. */
export function sealLink(key: DoorKey, { domain, entityId, operations, expiresAtMs }: ShareLink): string {
  const body = Buffer.from(JSON.stringify([domain, entityId, operations, expiresAtMs])).toString("base64url");
  return `${VERSION}.${key.id}.${body}.${macOf(key, body)}`;
}

/** The id of the key that a text names; undefined: it is no link's. */
export function linkKeyId(text: string): number | undefined {
  const [, id] = text.length > LENGTH_MAX ? [] : (PARTS.exec(text) ?? []);
  return id === undefined ? undefined : Number(id);
}

/**
 * Reads a text that may come from anyone. Total, and nothing of it is parsed before its signature holds.
 * @returns the link, which may have expired: that is for the reader's clock; undefined: nobody here has made it
 */
export function openLink(keys: readonly DoorKey[], text: string): ShareLink | undefined {
  const [, id, body = "", mac = ""] = text.length > LENGTH_MAX ? [] : (PARTS.exec(text) ?? []);
  const key = keys.find((each) => each.id === Number(id));
  if (!key || !timingSafeEqual(Buffer.from(macOf(key, body)), Buffer.from(mac))) return undefined;
  const [domain, entityId, operations, expiresAtMs] = JSON.parse(Buffer.from(body, "base64url").toString()) as [
    ...[string, string, readonly string[], number],
  ];
  return { domain, entityId, operations, expiresAtMs };
}
