import type { Intent } from "../../core/intent.ts";
import type { OutgoingMessage } from "../../ports/event-bus.ts";
import type { RecordItem } from "./read-items.ts";
import type { Partition } from "../partitions/partition.ts";

export interface EventText {
  readonly key: string;
  readonly value: string;
  readonly traceparent: string | undefined;
}

/** One row of the journal; those with a message of their own are the outbox. */
export interface NewJournalRow {
  readonly partition: Partition;
  readonly seq: number;
  readonly kind: "message" | "event" | "repeat" | "repartitioned" | "dead_letter" | "gap";
  readonly entityId: string | null;
  readonly type: string | null;
  readonly messageId: string | null;
  readonly correlationId: string | null;
  readonly attemptId: string | null;
  readonly body: string | null;
  readonly outgoing: OutgoingMessage | null;
  /** Of an event: key and value as the text that they were to begin with; its headers follow from the value. */
  readonly eventText: EventText | null;
}

export interface NewIntentRow {
  readonly partition: Partition;
  readonly seq: number;
  readonly intent: Intent;
  /** The intent's, as JSON. */
  readonly payload: string;
}

export interface NewDeadLetterRow {
  readonly id: string;
  readonly item: RecordItem;
  readonly code: string;
  readonly error: string;
  readonly value: Buffer | null;
  readonly headers: string;
}
