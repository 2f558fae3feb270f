import { randomUUID } from "node:crypto";
import type { OutgoingMessage } from "../../runtime/ports/event-bus.ts";

export const patience = { timeoutMs: 30_000 };
/** Long enough that a record which must not be delivered would arrive. */
export const quietMs = 400;

export const uniqueTopic = (name: string): string => `${name}-${randomUUID()}`;

export const message = (topic: string, partition: number, value: string | Buffer, key = "k"): OutgoingMessage => ({
  ...{ topic, partition, key: Buffer.from(key), value: Buffer.from(value), headers: {} },
});

export const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => String(from + index));

export const numberedMessages = (topic: string, partition: number, from: number, to: number): OutgoingMessage[] =>
  numbered(from, to).map((value) => message(topic, partition, value));
