import { isUtf8 } from "node:buffer";
import { z } from "zod";
import { DOOR_HEADER, sealAgain } from "../../../runtime/core/door-seal.ts";
import type { OutgoingMessage } from "../../../runtime/ports/event-bus.ts";
import type { Sql } from "../../../runtime/ports/store.ts";
import { BROKER_TIME_HEADER, REPARTITIONED_HEADER } from "../../../runtime/shell/turns/read-items.ts";
import {
  countRetryableDeadLetters,
  type DeadLetterFilter,
  type DeadLetterSelection,
  readDeadLetters,
  markDeadLettersRetried,
  oldestRetryableDeadLetters,
  readDeadLetter,
  type StoredDeadLetter,
  type StoredDeadLetterMessage,
} from "../../../runtime/stored/dead-letters.ts";
import type { System } from "../../host/compose.ts";
import { notFound } from "../server/problem.ts";

const PUBLISH_MS = 10_000;
/** In one request. */
const RETRIES_MAX = 500;
/** Small batches: after a failure few messages are published again that are not marked as retried yet. */
const BATCH_ROWS = 50;
const BATCH_BYTES = 400 * 1024;

/** A message that could not be processed. */
export const DeadLetter = z.object({
  id: z.uuid(),
  at: z.iso.datetime(),
  code: z.string(),
  error: z.string(),
  topic: z.string(),
  partition: z.int(),
  offset: z.int(),
  key: z.string().nullable(),
  value_bytes: z.int(),
  truncated: z.boolean().describe("only the first 256 KiB were kept, so it can't be retried"),
  retried_at: z.iso.datetime().nullable(),
});
export type DeadLetter = z.infer<typeof DeadLetter>;

/** With the message itself. */
export const DeadLetterDetail = DeadLetter.extend({
  value: z.string().nullable(),
  value_encoding: z.enum(["utf8", "base64"]).describe("base64: the bytes are not UTF-8"),
  headers: z.record(z.string(), z.string()),
});
export type DeadLetterDetail = z.infer<typeof DeadLetterDetail>;

/** Newest first. */
export async function findDeadLetters({ store, domain }: System, filter: DeadLetterFilter, limit: number) {
  return (await readDeadLetters(store, domain.name, filter, limit)).map(deadLetterOf);
}

/** @throws Problem not-found */
export async function requireDeadLetter({ store, domain }: System, id: string): Promise<StoredDeadLetterMessage> {
  const stored = await readDeadLetter(store, domain.name, id);
  if (!stored) throw notFound(`there is no dead letter ${id}`);
  return stored;
}

export const deadLetterOf = (stored: StoredDeadLetter): DeadLetter => ({
  id: stored.id,
  at: stored.at.toISOString(),
  code: stored.code,
  error: stored.error,
  topic: stored.topic,
  partition: stored.partition,
  offset: stored.offset,
  key: stored.key?.toString("utf8") ?? null,
  value_bytes: stored.valueBytes,
  truncated: stored.isTruncated,
  retried_at: stored.retriedAt?.toISOString() ?? null,
});

export function deadLetterDetailOf(stored: StoredDeadLetterMessage): DeadLetterDetail {
  const { value, headers } = stored;
  const encoding = value === null || isUtf8(value) ? "utf8" : "base64";
  return { ...deadLetterOf(stored), value: value?.toString(encoding) ?? null, value_encoding: encoding, headers };
}

interface RetryParts {
  readonly bus: Pick<System["bus"], "publish">;
  readonly store: Sql;
  readonly doorKeys: Pick<System["doorKeys"], "sealing">;
  readonly runtime: Pick<System["runtime"], "brokerTimeMs">;
}

/** Publishes the messages to their topics again, byte for byte, each with the door that it had. */
export async function retryDeadLetters(
  { bus, store, doorKeys, runtime }: RetryParts,
  deadLetters: readonly StoredDeadLetterMessage[],
): Promise<void> {
  const key = deadLetters.some(({ door }) => door) ? await doorKeys.sealing() : undefined;
  const doorOf = ({ door }: StoredDeadLetterMessage) => key && door && sealAgain(key, door, runtime.brokerTimeMs);
  await bus.publish(
    deadLetters.map((each) => outgoingOf(each, doorOf(each) ?? undefined)),
    { timeoutMs: PUBLISH_MS },
  );
  await markDeadLettersRetried(
    store,
    deadLetters.map(({ id }) => id),
  );
}

/** Retries the oldest that match, are complete and were not retried yet. `left`: how many of those remain. */
export async function retryMatching(system: System, selection: DeadLetterSelection) {
  const { store, name } = system;
  // Those that fail again meanwhile are the newest: they are not reached.
  const total = Math.min(RETRIES_MAX, await countRetryableDeadLetters(store, name, selection));
  let retried = 0;
  while (retried < total) {
    const max = { rows: Math.min(BATCH_ROWS, total - retried), bytes: BATCH_BYTES };
    const oldest = await oldestRetryableDeadLetters(store, name, selection, max);
    if (oldest.length === 0) break;
    await retryDeadLetters(system, oldest);
    retried += oldest.length;
  }
  return { retried, left: await countRetryableDeadLetters(store, name, selection) };
}

function outgoingOf(
  { topic, partition, key, value, headers: all }: StoredDeadLetterMessage,
  door: string | undefined,
): OutgoingMessage {
  // Without the marks of a repartitioned copy: in a wrong partition they would make it a dead letter again. The door
  // that it came with is too old by now.
  const { [REPARTITIONED_HEADER]: _from, [BROKER_TIME_HEADER]: _at, [DOOR_HEADER]: _door, ...headers } = all;
  return { topic, partition, key, value, headers: door === undefined ? headers : { ...headers, [DOOR_HEADER]: door } };
}
