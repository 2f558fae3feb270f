import type { Entity } from "../../../runtime/core/entity.ts";
import { readEntityRecord } from "../../../runtime/stored/entities.ts";
import { groupsBackwards, type LineGroup, newestLineOf } from "../../../runtime/stored/entity-lines.ts";
import { readParkedIntents, type StoredIntent } from "../../../runtime/stored/intents.ts";
import type { System } from "../../host/compose.ts";
import { Problem } from "../server/problem.ts";
import type { TimelineItem } from "./timeline.ts";

/** The walk back ends with the step in which so many lines are reached, even if its attempt began before. */
const LINES_MAX = 300;
/** It goes so far at least, however new the attempt is. */
const LINES_MIN = 50;

/** An intent without an outcome. The tries are the first and the latest failed ones. */
export type PendingIntent = Pick<TimelineItem["intents"][number], "id" | "type" | "target"> &
  Pick<TimelineItem, "tries"> & { readonly asked_at: string };

/** An entity with its newest lines, back to the beginning of its attempt and of its last day, newest first. */
export interface EntityHistory {
  /** Undefined: it is not known. */
  readonly entity: Entity | undefined;
  readonly groups: readonly LineGroup[];
  /** Oldest first. */
  readonly pendingIntents: readonly PendingIntent[];
}

type StoredRecord = NonNullable<Awaited<ReturnType<typeof readEntityRecord>>>;

/**
 * Right in any process, whoever owns the entity's partition: what a process has in memory only adds calls that it made.
 * @throws Fault JOURNAL_DAMAGED, not retryable
 */
export async function readHistory(system: System, id: string): Promise<EntityHistory> {
  const { store, domain, runtime } = system;
  const record = await readEntityRecord(store, domain.name, id);
  if (!record) return { entity: undefined, groups: [], pendingIntents: [] };
  const parked = await readParkedIntents(store, domain.name, record.partition, id);
  const groups = await readNewest(system, record);
  return { entity: record.entity, groups, pendingIntents: pendingIntents(groups, parked, runtime.triesOf(id)) };
}

async function readNewest({ store, domain }: System, record: StoredRecord): Promise<LineGroup[]> {
  const { id, attempt } = record.entity;
  const groups: LineGroup[] = [];
  let lines = 0;
  let isAttemptRead = false;
  let isDayRead = false;
  for await (const group of groupsBackwards(store, domain.name, record.partition, id, newestLineOf(record))) {
    const { head, behind } = group;
    groups.push(group);
    lines += 1 + behind.length;
    isAttemptRead ||= head.kind === "message" && (head.attempt_id ?? "") !== attempt.id;
    isDayRead ||= head.before !== undefined;
    if (lines >= LINES_MAX || (lines >= LINES_MIN && isAttemptRead && isDayRead)) break;
  }
  return groups;
}

/**
 * Intents that were asked for and have not ended. A day's first line names those that are open from before, and those
 * that have been waiting for long have rows of their own. Pure.
 * @param groups newest first
 */
export function pendingIntents(
  groups: readonly LineGroup[],
  parked: readonly StoredIntent[],
  triesHere: ReturnType<System["runtime"]["triesOf"]>,
): PendingIntent[] {
  const ended = new Set<string>();
  const open = new Map<string, Omit<PendingIntent, "tries">>();
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
  const triesOf = new Map(parked.map(({ intent: { id }, tries }) => [id, tries]));
  return [...open.values()]
    .reverse()
    .sort((a, b) => a.asked_at.localeCompare(b.asked_at))
    .map((intent) => ({ ...intent, tries: [...(triesHere.get(intent.id) ?? triesOf.get(intent.id) ?? [])] }));
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
