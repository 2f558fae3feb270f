import type { Entity } from "../../../runtime/core/entity.ts";
import { groupsBackwards, type LineGroup, newestLineOf } from "../../../runtime/stored/entity-lines.ts";
import { readParkedIntents, type StoredIntent } from "../../../runtime/stored/intents.ts";
import type { System } from "../../host/compose.ts";
import { Problem } from "../server/problem.ts";
import { readRecord } from "./entity-queries.ts";
import { dayBefore, type TimelineItem } from "./timeline.ts";

/** The walk back ends with the step in which so many lines are reached, even if its attempt began before. */
const LINES_MAX = 300;
/** It goes so far at least, however new the attempt is. */
const LINES_MIN = 50;

/** An intent without an outcome. The tries are the first and the latest failed ones. */
export type PendingIntent = Pick<TimelineItem["intents"][number], "id" | "type" | "target"> &
  Pick<TimelineItem, "tries"> & {
    readonly asked_at: string;
    /** What its effect waits for, as it says. */
    readonly not_yet: { readonly since: string; readonly note: string } | null;
  };

/** An entity with its newest lines, back to the beginning of its attempt and of its last day, newest first. */
export interface EntityHistory {
  /** Undefined: it is not known. A purged one is in no state. */
  readonly entity: Entity | undefined;
  readonly groups: readonly LineGroup[];
  /** The UTC day with which older lines were dropped; null: none were, or they were not gone back to. */
  readonly droppedOn: string | null;
  /** Oldest first. */
  readonly pendingIntents: readonly PendingIntent[];
}

type StoredRecord = NonNullable<Awaited<ReturnType<typeof readRecord>>>;

/**
 * Right in any process, whoever owns the entity's partition: what a process has in memory only adds calls that it made.
 * @throws Fault JOURNAL_DAMAGED, not retryable
 */
export async function readHistory(system: System, id: string): Promise<EntityHistory> {
  const { store, domain, runtime } = system;
  const record = await readRecord(system, id);
  if (!record) return { entity: undefined, groups: [], droppedOn: null, pendingIntents: [] };
  const parked = await readParkedIntents(store, domain.name, [record.partition], id);
  const { groups, droppedOn } = await readNewest(system, record);
  const pending = pendingIntents(groups, parked, hereOf(runtime, id));
  return { entity: record.entity, groups, droppedOn, pendingIntents: pending };
}

async function readNewest(
  { store, domain }: System,
  record: StoredRecord,
): Promise<Pick<EntityHistory, "groups" | "droppedOn">> {
  const { id, attempt } = record.entity;
  const groups: LineGroup[] = [];
  let lines = 0;
  let isAttemptRead = false;
  let isDayRead = false;
  const newest = newestLineOf(record);
  let droppedOn = newest?.day ?? null;
  for await (const group of groupsBackwards(store, domain.name, record.partition, id, newest)) {
    const { head, behind } = group;
    groups.push(group);
    lines += 1 + behind.length;
    isAttemptRead ||= head.kind === "message" && (head.attempt_id ?? "") !== attempt.id;
    isDayRead ||= head.before !== undefined;
    if (lines >= LINES_MAX || (lines >= LINES_MIN && isAttemptRead && isDayRead)) return { groups, droppedOn: null };
    droppedOn = dayBefore(group);
  }
  return { groups, droppedOn };
}

/** What this process knows of an entity's unfinished intents, by intent id. */
interface KnownHere {
  readonly tries: ReturnType<System["runtime"]["triesOf"]>;
  readonly notYet: ReturnType<System["runtime"]["notYetOf"]>;
}
const hereOf = (runtime: System["runtime"], id: string): KnownHere => ({
  tries: runtime.triesOf(id),
  notYet: runtime.notYetOf(id),
});

/**
 * Intents that were asked for and have not ended. A day's first line names those that are open from before, and those
 * that have been waiting for long have rows of their own. Pure.
 * @param groups newest first
 */
export function pendingIntents(
  groups: readonly LineGroup[],
  parked: readonly StoredIntent[],
  here: KnownHere,
): PendingIntent[] {
  const ended = new Set<string>();
  const open = new Map<string, Omit<PendingIntent, "tries" | "not_yet">>();
  const add = ({ id, type, target }: Pick<PendingIntent, "id" | "type" | "target">, asked_at: string): void => {
    if (!ended.has(id)) open.set(id, { id, type, target, asked_at });
  };
  for (const { head, behind } of groups) {
    for (const line of behind.toReversed()) if (line.kind === "intent") add(line, line.at);
    if (head.kind === "end") ended.add(head.id);
    if (head.kind === "message" && head.intent_id !== undefined) ended.add(head.intent_id);
    // The time is that of its own line, when the walk gets there.
    for (const intent of head.before?.intents.toReversed() ?? []) add(intent, head.at);
  }
  for (const { intent, askedAtMs } of parked.toReversed()) add(intent, new Date(askedAtMs).toISOString());
  const stored = new Map(parked.map((each) => [each.intent.id, each]));
  const notYetOf = (id: string): PendingIntent["not_yet"] => {
    const { sinceMs, note = "" } = here.notYet.get(id) ?? stored.get(id)?.notYet ?? {};
    return sinceMs === undefined ? null : { since: new Date(sinceMs).toISOString(), note };
  };
  const triesOf = (id: string) => [...(here.tries.get(id) ?? stored.get(id)?.tries ?? [])];
  return [...open.values()]
    .reverse()
    .sort((a, b) => a.asked_at.localeCompare(b.asked_at))
    .map((intent) => ({ ...intent, tries: triesOf(intent.id), not_yet: notYetOf(intent.id) }));
}

/**
 * Tries its pending intents at once.
 * @returns how many
 * @throws Problem conflict when none waits for its next try in this process
 */
export async function retryPendingIntents(system: System, { id, state }: Entity): Promise<number> {
  const intents = system.runtime.retryNow(id);
  if (intents > 0) return intents;
  const { pendingIntents: pending } = await readHistory(system, id);
  if (pending.length === 0) throw new Problem("conflict", `${id} is ${state}: there is nothing to retry`);
  const types = pending.map(({ type }) => type).join(", ");
  throw new Problem(
    "conflict",
    `${id} is ${state} and is waiting for ${types}: it is being tried now, or another process retries it`,
  );
}
