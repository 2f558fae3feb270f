import { v4 } from "uuid";
import type { Ended } from "./program.ts";

/** An event as a reader of the public interface gets it. */
export interface SeenEvent {
  readonly type: string;
  readonly id: string;
  readonly seq: number;
  readonly at: number;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** An item of an entity's timeline. */
export interface TimelineItem {
  readonly kind: string;
  readonly type: string | null;
  readonly message_id: string | null;
  readonly result: string | null;
  readonly reason: string | null;
  readonly note: string | null;
  readonly topic: string | null;
  readonly moves: readonly { readonly machine: string; readonly from: string; readonly to: string }[];
}

/** A line of the journal, about any entity. */
export interface JournalLine {
  readonly kind: string;
  readonly id?: string;
  readonly entity_id?: string;
  readonly result?: string;
}

export interface PublishOptions {
  /** `envelope_id`; a new one if left out. */
  readonly messageId?: string;
  readonly correlationId?: string;
  /** What a producer calls the payload. */
  readonly payloadType?: string;
}

/** The envelope of a message. */
export function envelopeFor(type: string, payload: object, options: PublishOptions) {
  const { messageId = v4(), correlationId, payloadType = type } = options;
  return {
    envelope_id: messageId,
    envelope_timestamp: new Date().toISOString(),
    ...(correlationId !== undefined && { correlation_id: correlationId }),
    payload_type: payloadType,
    payload,
  };
}

/** The program with its surroundings, and everything that a producer, a dashboard or an operator can do to it. */
export interface World {
  readonly isEmbedded: boolean;
  /** Of the process that was started last. */
  readonly url: string;
  /** Resolves to the message id when the bus has it. */
  publish(type: string, payload: Readonly<Record<string, unknown>>, options?: PublishOptions): Promise<string>;
  /** What was published about an entity so far, each event once, by `entity_seq`. */
  events(entityId: string): readonly SeenEvent[];
  /** Resolves when `events` has everything that was published until the call. */
  caughtUp(): Promise<void>;
  timeline(entityId: string): Promise<readonly TimelineItem[]>;
  /** All of it: also messages that no entity has in its timeline. */
  journal(): Promise<readonly JournalLine[]>;
  start(more?: Readonly<Record<string, string>>): Promise<unknown>;
  /** Of the process started last: resolves when it has ended by itself. */
  ended(): Promise<Ended>;
  kill(): Promise<void>;
  close(): Promise<void>;
}

export async function getJson<Body>(url: string): Promise<Body | undefined> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  if (answer.status === 404) return undefined;
  if (!answer.ok) throw new Error(`GET ${url}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Body;
}

/** All items of a list, over all pages. */
export async function listAt<Item>(address: string): Promise<readonly Item[]> {
  const items: Item[] = [];
  const url = new URL(address);
  for (let cursor: string | null = ""; cursor !== null;) {
    if (cursor !== "") url.searchParams.set("cursor", cursor);
    const page = await getJson<{ items: Item[]; next_cursor: string | null }>(url.href);
    items.push(...(page?.items ?? []));
    cursor = page?.next_cursor ?? null;
  }
  return items;
}

export async function journalAt(address: string): Promise<readonly JournalLine[]> {
  const lines = await listAt<JournalLine & { readonly line: string }>(`${address}?limit=500`);
  return lines.filter(({ line }) => line === "row");
}
