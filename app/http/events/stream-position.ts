import { Problem } from "../server/problem.ts";

/** How far each partition's journal was read: the last seq, by partition number. */
export type StreamPosition = readonly number[];

/** One variable-length number a partition, as base64url: short, because every event carries it as its id. */
export function encodePosition(position: StreamPosition): string {
  const bytes: number[] = [];
  for (const seq of position) {
    let rest = seq;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
    bytes.push(rest);
  }
  return Buffer.from(bytes).toString("base64url");
}

/** What a position is sent in, where a stream goes on. */
export const LAST_EVENT_ID = "Last-Event-ID";

/**
 * @param parameter that it was sent in
 * @throws Problem for text that `encodePosition` does not make for that number of partitions
 */
export function decodePosition(text: string, partitions: number, parameter = LAST_EVENT_ID): number[] {
  const position: number[] = [];
  let seq = 0;
  let factor = 1;
  for (const byte of Buffer.from(text, "base64url")) {
    seq += (byte & 0x7f) * factor;
    factor *= 0x80;
    if (byte & 0x80) continue;
    position.push(seq);
    seq = 0;
    factor = 1;
  }
  const isOurs = position.length === partitions && position.every(Number.isSafeInteger);
  if (!isOurs || encodePosition(position) !== text) throw foreignPosition(parameter);
  return position;
}

export const foreignPosition = (parameter: string): Problem =>
  new Problem("invalid-request", `the ${parameter} is not an id of this stream: leave it out to begin at its end`, {
    errors: [{ parameter, detail: "not an id of this stream" }],
  });
