import { z } from "zod";
import { Fault } from "../../../runtime/core/fault.ts";
import type { EventLine, JournalLine } from "../../../runtime/core/journal.ts";
import { readEntityRecord } from "../../../runtime/stored/entities.ts";
import {
  groupsBackwards,
  type LineGroup,
  type LinePosition,
  newestLineOf,
  positionOf,
} from "../../../runtime/stored/entity-lines.ts";
import type { System } from "../../host/compose.ts";
import { decodeCursor, encodeCursor, foreignCursor } from "../server/cursor.ts";
import { notFound } from "../server/problem.ts";
import { CursorParam, LimitParam } from "../server/route-types.ts";

/** A call to an effect for one intent. */
export const IntentTry = z.object({
  at: z.iso.datetime().describe("broker time at which it began"),
  ms: z.int(),
  code: z.string().optional().describe("the error code; absent after a success"),
  error: z.string().optional(),
});
const Reference = z.object({ id: z.string(), type: z.string() });

/** One line of the journal, about one entity. An intent's is in its step's `intents`. */
export const TimelineItem = z.object({
  at: z.iso.datetime().describe("broker time at which it was committed"),
  partition: z.int(),
  seq: z.int().describe("place in the partition's journal"),
  kind: z
    .enum(["message", "event", "end", "repeat", "dead_letter"])
    .describe("end: of an intent, when the contract lists no outcome for it"),
  type: z
    .string()
    .nullable()
    .describe("payload type, deadline(name), published(Event), or an effect's outcome; of an end: the intent's"),
  message_id: z.string().nullable(),
  correlation_id: z.string().nullable(),
  attempt_id: z.string().nullable(),
  result: z.string().nullable().describe("changed, renewed, absorbed or no_op"),
  reason: z.string().nullable().describe("why, in words"),
  note: z.string().nullable().describe("how the intent was settled"),
  tries: z.array(IntentTry).describe("the first and the latest calls of the effect; empty if the first call succeeded"),
  intent_id: z.string().nullable().describe("of an outcome or an end: its intent"),
  state: z.string().nullable().describe("the orchestrator's state afterwards"),
  reducer_state: z.string().nullable(),
  moves: z.array(z.object({ machine: z.string(), trigger: z.string(), from: z.string(), to: z.string() })),
  events: z.array(Reference.extend({ seq: z.int() })).describe("published because of it"),
  intents: z.array(Reference.extend({ target: z.string(), version: z.int() })).describe("requested from the effects"),
  topic: z.string().nullable().describe("that it was read from, or published to"),
  payload: z.record(z.string(), z.unknown()).nullable(),
  envelope: z.string().optional().describe("with envelopes=true: an event as it was published, byte for byte"),
});
export type TimelineItem = z.infer<typeof TimelineItem>;

type Placed = Pick<TimelineItem, "at" | "partition" | "seq" | "kind" | "type" | "message_id" | "correlation_id">;
type Item = Omit<TimelineItem, keyof Placed>;

const NOTHING: Item = {
  ...{ attempt_id: null, result: null, reason: null, note: null, tries: [], intent_id: null },
  ...{ state: null, reducer_state: null, moves: [], events: [], intents: [], topic: null, payload: null },
};

/**
 * The items of a step, or of another line, in the order of the journal. Pure.
 * @param envelopes whether events have theirs
 * @throws Fault JOURNAL_DAMAGED, not retryable: an event is no JSON
 */
export function timelineItems({ head, behind }: LineGroup, envelopes = false): TimelineItem[] {
  const events = behind.flatMap((line) => (line.kind === "event" ? [line] : []));
  const caused = {
    events: events.map(({ id, type, seq }) => ({ id, type, seq })),
    intents: behind.flatMap((line) => {
      if (line.kind !== "intent") return [];
      const { id, type, target, version } = line;
      return [{ id, type, target, version }];
    }),
  };
  return [
    { ...placed(head), ...NOTHING, ...itemOf(head), ...caused },
    ...events.map((event) => ({
      ...{ ...placed(event), ...NOTHING, attempt_id: event.attempt_id, topic: event.topic, payload: payloadOf(event) },
      ...(envelopes && { envelope: event.value }),
    })),
  ];
}

const placed = (line: LineGroup["head"] | JournalLine<EventLine>): Placed => ({
  ...{ at: line.at, partition: line.partition, seq: line.seq, kind: line.kind },
  ...{ type: line.type ?? null, message_id: line.id, correlation_id: line.correlation_id ?? null },
});

function itemOf(line: LineGroup["head"]): Partial<Item> {
  switch (line.kind) {
    case "message": {
      const { attempt_id, result, reason, note, tries, intent_id, state, reducer_state, moves, origin, payload } = line;
      return {
        ...{ attempt_id: attempt_id ?? null, result, reason, note: note ?? null, tries: [...(tries ?? [])] },
        ...{ intent_id: intent_id ?? null, state, reducer_state, moves: [...(moves ?? [])] },
        ...{ topic: origin?.topic ?? null, payload },
      };
    }
    case "end": {
      const { attempt_id, note, tries, id } = line;
      return { attempt_id, note: note ?? null, tries: [...(tries ?? [])], intent_id: id };
    }
    case "repeat":
      return { reason: line.reason, topic: line.origin?.topic ?? null };
    case "dead_letter":
      return { reason: `${line.code}: ${line.error}`, topic: line.topic };
  }
}

/** The published bytes are an envelope. */
function payloadOf({ partition, seq, value }: JournalLine<EventLine>): Record<string, unknown> {
  try {
    return (JSON.parse(value) as { readonly payload: Record<string, unknown> }).payload;
  } catch {
    const what = `line ${seq} of partition ${partition} in rollcall.turn has an event that is no JSON`;
    throw new Fault("JOURNAL_DAMAGED", what, { retryable: false });
  }
}

export const TimelineQuery = z.object({
  limit: LimitParam(200).describe("items per page; a step with its events is not divided"),
  cursor: CursorParam.describe("next_cursor of the page behind this one: leads to older items"),
  envelopes: z.enum(["true", "false"]).default("false").describe("true: events with their envelopes as published"),
});
export const Timeline = z.object({
  items: z.array(TimelineItem).describe("oldest first"),
  next_cursor: z.string().nullable().describe("of the page with older items; null: there are none"),
});

/**
 * A page of the timeline, as routes answer with it: the first one ends with the newest item.
 * @param noun what the domain calls an entity
 * @throws Problem not-found for an unknown entity; invalid-request for a cursor of another list; Fault JOURNAL_DAMAGED
 */
export async function timelinePage(
  { store, domain }: System,
  id: string,
  { limit, cursor, envelopes }: z.infer<typeof TimelineQuery>,
  noun = "entity",
): Promise<z.infer<typeof Timeline>> {
  const scope = `timeline ${id}`;
  const record = await readEntityRecord(store, domain.name, id);
  if (!record) throw notFound(`no ${noun} ${id} is known`);
  const from = cursor === undefined ? newestLineOf(record) : decodePosition(scope, cursor);
  const steps: TimelineItem[][] = [];
  let next_cursor: string | null = null;
  let count = 0;
  for await (const group of groupsBackwards(store, domain.name, record.partition, id, from)) {
    const items = timelineItems(group, envelopes === "true");
    if (count > 0 && count + items.length > limit) {
      const { seq, day } = positionOf(group.behind.at(-1) ?? group.head);
      next_cursor = encodeCursor(scope, [seq, day]);
      break;
    }
    steps.push(items);
    count += items.length;
  }
  return { items: steps.reverse().flat(), next_cursor };
}

/** @throws Problem for a cursor that `timelinePage` did not make for the same entity */
function decodePosition(scope: string, cursor: string): LinePosition {
  const [seq, day] = decodeCursor(scope, cursor);
  if (!Number.isSafeInteger(seq) || !z.iso.date().safeParse(day).success) throw foreignCursor();
  return { seq: Number(seq), day: String(day) };
}
