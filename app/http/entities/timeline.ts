import { z } from "zod";
import type { Sql, SqlValue } from "../../../runtime/ports/store.ts";
import type { System } from "../../host/compose.ts";
import { decodeCursor, pageOf } from "../server/cursor.ts";
import { CursorParam, LimitParam } from "../server/route-types.ts";
import { requireEntity } from "./entity-queries.ts";

/** A call to an effect for one intent. */
export const IntentTry = z.object({
  at: z.iso.datetime().describe("broker time at which it began"),
  ms: z.int(),
  code: z.string().optional().describe("the error code; absent after a success"),
  error: z.string().optional(),
});
const Reference = z.object({ id: z.string(), type: z.string() });

/** One row of the journal, about one entity. */
export const TimelineItem = z.object({
  at: z.iso.datetime().describe("broker time at which it was committed"),
  partition: z.int(),
  seq: z.int().describe("place in the partition's journal"),
  kind: z.enum(["message", "event", "repeat", "repartitioned", "dead_letter", "gap"]),
  type: z.string().nullable().describe("payload type, deadline(name), published(Event), or an effect's outcome"),
  message_id: z.string().nullable(),
  correlation_id: z.string().nullable(),
  attempt_id: z.string().nullable(),
  result: z.string().nullable().describe("changed, renewed, absorbed or no_op"),
  reason: z.string().nullable().describe("why, in words"),
  note: z.string().nullable().describe("how the intent was settled"),
  tries: z.array(IntentTry).describe("the first and the latest calls of the effect; empty if the first call succeeded"),
  intent_id: z.string().nullable().describe("of an outcome: its intent"),
  state: z.string().nullable().describe("the orchestrator's state afterwards"),
  reducer_state: z.string().nullable(),
  moves: z.array(z.object({ machine: z.string(), trigger: z.string(), from: z.string(), to: z.string() })),
  events: z.array(Reference.extend({ seq: z.int() })).describe("published because of it"),
  intents: z
    .array(Reference.extend({ target: z.string(), version: z.int(), digest: z.string().describe("of its payload") }))
    .describe("requested from the effects"),
  topic: z.string().nullable().describe("that it was read from, or published to"),
  payload: z.record(z.string(), z.unknown()).nullable(),
  envelope: z.string().optional().describe("with envelopes=true: an event as it was published, byte for byte"),
});
export type TimelineItem = z.infer<typeof TimelineItem>;

interface TimelineJournalRow extends Pick<
  TimelineItem,
  "partition" | "seq" | "kind" | "type" | "message_id" | "correlation_id" | "topic"
> {
  readonly at: Date;
  readonly attempt_id: string | null;
  readonly value: Buffer | null;
  readonly body: JournalBody | null;
}
/** A row's `body`, as TurnPlan writes it. */
interface JournalBody {
  readonly reason?: string;
  readonly note?: string;
  readonly tries?: TimelineItem["tries"];
  readonly origin?: { readonly topic: string };
  readonly intent?: { readonly id: string; readonly type: string };
  readonly message?: {
    readonly payload: Record<string, unknown>;
    readonly origin?: { readonly topic: string };
    readonly intentId?: string;
  };
  readonly decision?: Pick<
    TimelineItem,
    "result" | "reason" | "moves" | "events" | "intents" | "state" | "reducer_state"
  >;
}

/** A page of one entity's journal, oldest first; with `newest` its last page, also oldest first. */
export async function readTimeline(
  sql: Sql,
  domain: string,
  entityId: string,
  page: {
    readonly after?: Pick<TimelineItem, "at" | "partition" | "seq"> | undefined;
    readonly limit: number;
    readonly newest?: boolean;
    readonly attemptId?: string;
    readonly envelopes?: boolean;
  },
): Promise<TimelineItem[]> {
  const { after, limit, newest = false, attemptId, envelopes = false } = page;
  const values: SqlValue[] = [domain, entityId, limit];
  const add = (value: SqlValue): string => `$${values.push(value)}`;
  const conditions = [
    ...(attemptId === undefined ? [] : [`attempt_id = ${add(attemptId)}::uuid`]),
    ...(after
      ? [`(at, partition, seq) > (${add(after.at)}::timestamptz, ${add(after.partition)}, ${add(after.seq)})`]
      : []),
  ];
  const direction = newest ? "desc" : "asc";
  const rows = await sql.query<TimelineJournalRow>(
    `select at, partition, seq, kind, type, message_id, correlation_id, attempt_id, topic, body,
            case when kind = 'event' then value end as value
       from rollcall.journal
      where ${["domain = $1 and entity_id = $2", ...conditions].join(" and ")}
      order by at ${direction}, partition ${direction}, seq ${direction} limit $3`,
    values,
  );
  return (newest ? rows.reverse() : rows).map((row) => timelineItemOf(row, envelopes));
}

function timelineItemOf(row: TimelineJournalRow, envelopes: boolean): TimelineItem {
  const { body, partition, seq, kind, type, message_id, correlation_id } = row;
  const decision = body?.decision;
  return {
    at: row.at.toISOString(),
    ...{ partition, seq, kind, type, message_id, correlation_id },
    attempt_id: row.attempt_id,
    result: decision?.result ?? null,
    reason: decision?.reason ?? body?.reason ?? null,
    note: body?.note ?? null,
    tries: body?.tries ?? [],
    intent_id: body?.message?.intentId ?? body?.intent?.id ?? null,
    state: decision?.state ?? null,
    reducer_state: decision?.reducer_state ?? null,
    moves: decision?.moves ?? [],
    events: decision?.events ?? [],
    intents: decision?.intents ?? [],
    topic: row.topic ?? body?.message?.origin?.topic ?? body?.origin?.topic ?? null,
    payload: body?.message?.payload ?? payloadOf(row.value),
    ...(envelopes && row.value && { envelope: row.value.toString("utf8") }),
  };
}

/** An event's bytes are an envelope. */
function payloadOf(value: Buffer | null): Record<string, unknown> | null {
  if (value === null) return null;
  const { payload } = JSON.parse(value.toString("utf8")) as { readonly payload: Record<string, unknown> };
  return payload;
}

export const TimelineQuery = z.object({
  limit: LimitParam(200),
  cursor: CursorParam,
  envelopes: z.enum(["true", "false"]).default("false").describe("true: events with their envelopes as published"),
  order: z.enum(["oldest", "newest"]).default("oldest").describe("newest: only the last page; it has no cursor"),
});
export const Timeline = z.object({ items: z.array(TimelineItem), next_cursor: z.string().nullable() });

/**
 * A page of the timeline, as routes answer with it.
 * @param noun what the domain calls an entity
 * @throws Problem not-found for an unknown entity; invalid-request for a cursor of another list
 */
export async function timelinePage(
  system: System,
  id: string,
  { limit, cursor, order, ...query }: z.infer<typeof TimelineQuery>,
  noun?: string,
): Promise<z.infer<typeof Timeline>> {
  const scope = `timeline ${id}`;
  const [at = "", partition = 0, seq = 0] = cursor === undefined ? [] : decodeCursor(scope, cursor);
  const after = cursor === undefined ? undefined : { at: String(at), partition: Number(partition), seq: Number(seq) };
  const newest = order === "newest";
  const envelopes = query.envelopes === "true";
  const page = { after, limit: newest ? limit : limit + 1, newest, envelopes };
  const found = await readTimeline(system.store, system.domain.name, id, page);
  // A known entity may have an empty timeline: its journal may have been dropped.
  if (found.length === 0 && after === undefined) await requireEntity(system, id, noun);
  return pageOf(found, limit, scope, (last) => [last.at, last.partition, last.seq]);
}
