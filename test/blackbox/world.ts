import { v4 } from "uuid";
import type { Evidence } from "./evidence.ts";
import type { Ended } from "./program.ts";

/** An event as a reader of the public interface gets it. */
export interface SeenEvent {
  readonly type: string;
  readonly id: string;
  readonly seq: number;
  readonly at: number;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** `GET /api/v1/registrations/{node_id}`, what the scenarios look at. */
export interface Registration {
  readonly state: string | null;
  readonly reducer_state: string;
  readonly attempt: number;
  readonly registration_attempt_id: string | null;
  readonly entity_seq: number;
  readonly deadlines: Readonly<Record<string, { readonly at: string; readonly renewed_at: string | null }>>;
  readonly failures: readonly { readonly backend: string; readonly error_code: string }[];
}

/** `GET /api/v1/registrations/{node_id}/timeline`. */
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

/** A service as the catalog lists it. */
export interface CatalogEntry {
  readonly serviceId: string;
  readonly nodeId: string;
  readonly address: string;
  readonly port: number | null;
  readonly tags: readonly string[];
  readonly passing: boolean;
  readonly note: string;
  /** The `entity_seq` that it was written for; undefined when the catalog does not have it. */
  readonly version?: number;
}

/** A row of `rollcall.node_registrations`. */
export interface Row {
  readonly node_id: string;
  readonly status: string;
  readonly version: number;
  readonly node_type: string;
  readonly endpoints: Readonly<Record<string, string>>;
}

export interface PublishOptions {
  /** `envelope_id`; a new one if left out. */
  readonly messageId?: string;
  readonly correlationId?: string;
  /** What a producer calls the payload. */
  readonly payloadType?: string;
}

/** The envelope of a node's message. */
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

/** The program with its surroundings, and everything that a node, a dashboard or an operator can do to it. */
export interface World {
  readonly isEmbedded: boolean;
  /** Of the process that was started last. */
  readonly url: string;
  /** Resolves to the message id when the bus has it. */
  publish(type: string, payload: Readonly<Record<string, unknown>>, options?: PublishOptions): Promise<string>;
  /** What was published about a node so far, each event once, by `entity_seq`. */
  events(nodeId: string): readonly SeenEvent[];
  /** Resolves when `events` has everything that was published until the call. */
  caughtUp(): Promise<void>;
  registration(nodeId: string): Promise<Registration | undefined>;
  timeline(nodeId: string): Promise<readonly TimelineItem[]>;
  catalog(nodeId: string): Promise<readonly CatalogEntry[]>;
  /** Undefined: it has none, or it can't be read while the program runs (embedded). */
  row(nodeId: string): Promise<Row | undefined>;
  start(more?: Readonly<Record<string, string>>): Promise<unknown>;
  /** Of the process started last: resolves when it has ended by itself. */
  ended(): Promise<Ended>;
  kill(): Promise<void>;
  /** Everything that can be seen from outside, for the judge. */
  evidence(): Promise<Evidence>;
  /** All rows of node_registrations. Embedded: ends the program first, for it alone has the database. */
  rowsAtTheEnd(): Promise<readonly Row[]>;
  close(): Promise<void>;
}

const NODE_TYPES = ["effect", "compute", "reducer", "orchestrator"] as const;
export const serviceNames = NODE_TYPES.map((type) => `onex-${type}`);

export async function getJson<Body>(url: string): Promise<Body | undefined> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  if (answer.status === 404) return undefined;
  if (!answer.ok) throw new Error(`GET ${url}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Body;
}

export const registrationAt = (url: string, nodeId: string): Promise<Registration | undefined> =>
  getJson<Registration>(`${url}/api/v1/registrations/${nodeId}`);

export async function timelineAt(url: string, nodeId: string): Promise<readonly TimelineItem[]> {
  const found = await getJson<{ items: TimelineItem[] }>(`${url}/api/v1/registrations/${nodeId}/timeline?limit=200`);
  return found?.items ?? [];
}

/** All registrations, over all pages. */
export async function registrationsAt(url: string): Promise<readonly (Registration & { readonly node_id: string })[]> {
  const items: (Registration & { readonly node_id: string })[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const query: string = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page: { items: typeof items; next_cursor: string | null } | undefined = await getJson(
      `${url}/api/v1/registrations?limit=100${query}`,
    );
    items.push(...(page?.items ?? []));
    cursor = page?.next_cursor ?? null;
  }
  return items;
}
