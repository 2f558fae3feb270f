import { z } from "zod";
import type { EventLine, JournalLine, StepLine } from "../../../runtime/core/journal.ts";
import { REFUSAL_KINDS } from "../../../runtime/core/refusal.ts";
import {
  groupsBackwards,
  type LineGroup,
  type LinePosition,
  newestLineOf,
  positionOf,
} from "../../../runtime/stored/entity-lines.ts";
import { damagedLine } from "../../../runtime/stored/read-lines.ts";
import type { System } from "../../host/compose.ts";
import { decodeCursor, encodeCursor, foreignCursor } from "../server/cursor.ts";
import { CursorParam, LimitParam } from "../server/route-types.ts";
import { readRecord, unknownEntity } from "./entity-queries.ts";

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
    .enum(["message", "event", "not_yet", "end", "repeat", "dead_letter"])
    .describe(
      "not_yet: an intent's effect answered that it is not done yet, for the first time in a process; " +
        "end: of an intent, when the contract lists no outcome for it",
    ),
  type: z
    .string()
    .nullable()
    .describe("payload type, deadline(name), published(Event), or an effect's outcome; of an end: the intent's"),
  message_id: z.string().nullable(),
  correlation_id: z.string().nullable(),
  attempt_id: z.string().nullable(),
  result: z.string().nullable().describe("changed, renewed, absorbed, no_op or declined"),
  reason: z.string().nullable().describe("why, in words"),
  declined: z
    .object({
      code: z.string(),
      kind: z.enum(REFUSAL_KINDS),
      details: z.record(z.string(), z.unknown()).optional().describe("what the contract's function says of it"),
    })
    .nullable()
    .describe("with the result declined: the contract's answer"),
  caller: z.string().nullable().describe("id of who sent it, as its gateway says; null: it came through none"),
  operation: z.string().nullable().describe("the gateway's call through which it came"),
  note: z.string().nullable().describe("how the intent was settled, or what it waits for"),
  tries: z.array(IntentTry).describe("the first and the latest calls of the effect; empty if the first call succeeded"),
  intent_id: z.string().nullable().describe("of an outcome, a not_yet or an end: its intent"),
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
  ...{ declined: null, caller: null, operation: null },
  ...{ state: null, reducer_state: null, moves: [], events: [], intents: [], topic: null, payload: null },
};

/**
 * The items of a step, or of another line, in the order of the journal. Pure.
 * @param envelopes whether events have theirs
 * @throws Fault JOURNAL_DAMAGED, not retryable: an event is no JSON
 */
export function timelineItems(domain: string, { head, behind }: LineGroup, envelopes = false): TimelineItem[] {
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
      ...{ ...placed(event), ...NOTHING, attempt_id: event.attempt_id },
      ...{ topic: event.topic ?? null, payload: payloadOf(domain, event) },
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
        ...{ topic: origin?.topic ?? null, payload, declined: answerOf(line) },
        ...{ caller: line.door?.caller.id ?? null, operation: line.door?.operation ?? null },
      };
    }
    case "end": {
      const { attempt_id, note, tries, id } = line;
      return { attempt_id, note: note ?? null, tries: [...(tries ?? [])], intent_id: id };
    }
    case "not_yet":
      return { attempt_id: line.attempt_id, note: line.note, intent_id: line.id };
    case "repeat":
      return { reason: line.reason, topic: line.origin?.topic ?? null };
    case "dead_letter":
      return { reason: `${line.code}: ${line.error}`, topic: line.topic };
  }
}

function answerOf({ declined }: StepLine): Item["declined"] {
  if (!declined) return null;
  const { code, kind, details } = declined;
  return { code, kind, ...(details && { details }) };
}

/** The published bytes are an envelope. */
function payloadOf(domain: string, line: JournalLine<EventLine>): Record<string, unknown> {
  try {
    return (JSON.parse(line.value) as { readonly payload: Record<string, unknown> }).payload;
  } catch {
    throw damagedLine(domain, line, "has an event that is no JSON");
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
  dropped_on: z.iso
    .date()
    .nullable()
    .describe("older items were dropped with this UTC day and those before it; null: none was, or none yet"),
});

export type Timeline = z.infer<typeof Timeline>;

/**
 * A page of the timeline, as routes answer with it: the first one ends with the newest item.
 * @param noun what the domain calls an entity
 * @throws Problem not-found for an unknown entity; invalid-request for a cursor of another list; Fault JOURNAL_DAMAGED
 */
export async function timelinePage(
  system: System,
  id: string,
  { limit, cursor, envelopes }: z.infer<typeof TimelineQuery>,
  noun = "entity",
): Promise<Timeline> {
  const scope = `timeline ${id}`;
  const { store, domain } = system;
  const record = await readRecord(system, id);
  if (!record) throw await unknownEntity(system, id, noun);
  const from = cursor === undefined ? newestLineOf(record) : decodePosition(scope, cursor);
  let dropped_on = from?.day ?? null;
  const steps: TimelineItem[][] = [];
  let next_cursor: string | null = null;
  let count = 0;
  for await (const group of groupsBackwards(store, domain.name, record.partition, id, from)) {
    const items = timelineItems(domain.name, group, envelopes === "true");
    if (count > 0 && count + items.length > limit) {
      const { seq, day } = positionOf(group.behind.at(-1) ?? group.head);
      next_cursor = encodeCursor(scope, [seq, day]);
      dropped_on = null;
      break;
    }
    steps.push(items);
    count += items.length;
    dropped_on = dayBefore(group);
  }
  return { items: steps.reverse().flat(), next_cursor, dropped_on };
}

/** The day of the entity's line before these; null: they are its first. Where the walk ends, that day was dropped. */
export const dayBefore = ({ head: { prev, prev_day, at } }: LineGroup): string | null =>
  prev === undefined ? null : (prev_day ?? at.slice(0, 10));

/** @throws Problem for a cursor that `timelinePage` did not make for the same entity */
function decodePosition(scope: string, cursor: string): LinePosition {
  const [seq, day] = decodeCursor(scope, cursor);
  if (!Number.isSafeInteger(seq) || !z.iso.date().safeParse(day).success) throw foreignCursor();
  return { seq: Number(seq), day: String(day) };
}
