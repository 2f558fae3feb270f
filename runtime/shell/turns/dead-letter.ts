import { createHash } from "node:crypto";
import { derivedId } from "../../core/ids.ts";
import { KEY_AND_HEADERS_BYTES_MAX, VALUE_BYTES_MAX } from "../../core/incoming-json.ts";
import { toRfc3339 } from "../../core/time.ts";
import type { OutgoingMessage } from "../../ports/event-bus.ts";
import type { SealedDoor } from "../../core/door-seal.ts";
import { keyAndHeaderBytes, type RecordItem, textHeaders } from "./read-items.ts";

const ERROR_LENGTH_MAX = 1_000;
const UNPRINTABLE = /[\p{Cc}\p{Bidi_C}\p{Surrogate}\u200b-\u200d\ufeff]/gu;

/** Errors quote messages from outside: no character that a terminal interprets or a store refuses is kept. */
const escapeUnprintable = (text: string): string =>
  text.replaceAll(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);

/**
 * @param reason for people; untrusted text is escaped
 * @param sealed its door, for a retry
 */
export function deadLetterRow(item: RecordItem, code: string, reason: string, sealed?: SealedDoor) {
  const { record } = item;
  return {
    id: derivedId("dead_letter", record.topic, record.partition, record.offset),
    item,
    code,
    error: escapeUnprintable(reason.slice(0, ERROR_LENGTH_MAX)),
    value: record.value?.subarray(0, VALUE_BYTES_MAX) ?? null,
    headers: JSON.stringify(textHeaders(record)),
    door: sealed ? JSON.stringify(sealed) : null,
  };
}

export type NewDeadLetterRow = ReturnType<typeof deadLetterRow>;

/**
 * The record as it is published to the dead-letter topic: its own key, value and headers, and `dlq_` headers about the
 * failure. What is over the limits is cut or left out, so that the bus takes the copy.
 */
export function deadLetterMessage(
  deadLetterTopic: string,
  { item, code, error, value }: NewDeadLetterRow,
  atMs: number,
): OutgoingMessage {
  const { record, partition } = item;
  const fitsKeyAndHeaders = keyAndHeaderBytes(record) <= KEY_AND_HEADERS_BYTES_MAX;
  const isValueCut = record.value !== null && value !== null && value.length < record.value.length;
  return {
    topic: deadLetterTopic,
    partition: partition.number,
    key: fitsKeyAndHeaders ? record.key : null,
    value,
    headers: {
      ...(fitsKeyAndHeaders && record.headers),
      dlq_topic: record.topic,
      dlq_partition: String(record.partition),
      dlq_offset: String(record.offset),
      dlq_error_code: code,
      dlq_error: error,
      dlq_at: toRfc3339(atMs),
      ...((isValueCut || !fitsKeyAndHeaders) && { dlq_truncated: "true" }),
      ...(isValueCut && {
        dlq_length: String(record.value.length),
        dlq_sha256: createHash("sha256").update(record.value).digest("hex"),
      }),
    },
  };
}
