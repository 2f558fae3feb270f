import type { Intent } from "../../core/intent.ts";
import type { OutgoingMessage } from "../../ports/event-bus.ts";
import type { RecordItem } from "./read-items.ts";
import type { Partition } from "../partitions/partition.ts";

/** A row of the journal that is to be written. Rows with an outgoing message are the outbox. */
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
  /** Key and value of an event as text; its headers follow from the value. Null for other rows. */
  readonly eventText: {
    readonly key: string;
    readonly value: string;
    readonly traceparent: string | undefined;
  } | null;
}

export interface NewIntentRow {
  readonly partition: Partition;
  readonly seq: number;
  readonly intent: Intent;
  /** The intent's payload as JSON. */
  readonly payload: string;
}

export interface NewDeadLetterRow {
  readonly id: string;
  readonly item: RecordItem;
  readonly code: string;
  readonly error: string;
  /** Cut at the limit. */
  readonly value: Buffer | null;
  /** As JSON. */
  readonly headers: string;
}
