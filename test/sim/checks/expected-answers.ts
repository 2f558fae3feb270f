import type { Domain } from "../../../runtime/core/domain.ts";
import { derivedId } from "../../../runtime/core/ids.ts";
import type { JournalLine } from "../../../runtime/core/journal.ts";
import type { FollowedMessage } from "../../../runtime/shell/follow/follower.ts";

/** A line of an entity, with those of its events and intents. */
export interface Group {
  readonly head: JournalLine;
  readonly behind: JournalLine[];
  /** When it was committed, ms of the simulation. */
  readonly atMs: number;
}

/** What a follower must hear, as far as it is committed. */
export interface ExpectedAnswers {
  /** The place of the first line that is looked at. */
  readonly begin: number;
  /** When the message was taken: what was before it is told from then on. */
  readonly takenAtMs: number;
  /** The message was about an entity that was not there: no other line of it leads to the message's. */
  readonly isAboutNothing: boolean;
  readonly told: readonly Group[];
  readonly end: { readonly reason: "complete" | "purged"; readonly atMs: number } | undefined;
}

/**
 * By the entity's lines alone.
 * @param groups all of the entity
 * @param own the place of the message's step among them
 */
export function expectedAnswers(
  groups: readonly Group[],
  own: number,
  reading: FollowedMessage["reading"],
  domain: Domain,
): ExpectedAnswers {
  const { head, atMs: takenAtMs = 0 } = groups[own] ?? {};
  const taken = {
    takenAtMs,
    isAboutNothing: head?.kind === "message" && head.state === null && head.prev === undefined,
  };
  if (reading === "answers") return { begin: own, ...taken, ...ofChain(groups.slice(own), domain.awaitsPublish) };
  return { ...taken, ...ofAttempt(groups, own, reading === "attempt", domain) };
}

function ofChain(groups: readonly Group[], awaitsPublish: ReadonlySet<string>): Pick<ExpectedAnswers, "told" | "end"> {
  const told: Group[] = [];
  const open = new Set<string>();
  for (const [nth, group] of groups.entries()) {
    const { head, behind, atMs } = group;
    if (nth > 0 && isPurge(head)) return { told, end: { reason: "purged", atMs } };
    const of = head.kind === "message" ? (head.intent_id ?? head.id) : head.kind === "end" ? head.id : "";
    if (nth > 0 && !open.delete(of)) continue;
    for (const line of behind)
      if (line.kind === "intent") open.add(line.id);
      else if (line.kind === "event" && awaitsPublish.has(line.type)) open.add(derivedId("published", line.id));
    if (isTold(head)) told.push(group);
    if (open.size === 0) return { told, end: { reason: "complete", atMs } };
  }
  return { told, end: undefined };
}

function ofAttempt(
  groups: readonly Group[],
  own: number,
  fromItsBegin: boolean,
  domain: Domain,
): Pick<ExpectedAnswers, "begin" | "told" | "end"> {
  const attempt = attemptOf(groups[own]);
  const isOther = ({ head }: Group): boolean => head.kind === "message" && head.attempt_id !== attempt;
  const begin = fromItsBegin && attempt !== undefined ? groups.slice(0, own).findLastIndex(isOther) + 1 : own;
  const told: Group[] = [];
  for (const [nth, group] of groups.entries()) {
    const { head, atMs } = group;
    if (nth > own && isPurge(head)) return { begin, told, end: { reason: "purged", atMs } };
    if (nth > own && isOther(group)) return { begin, told, end: { reason: "complete", atMs } };
    if (nth >= begin && isTold(head) && attemptOf(group) === attempt) told.push(group);
    if (nth >= own && head.kind === "message" && isAttemptOver(head, domain))
      return { begin, told, end: { reason: "complete", atMs } };
  }
  return { begin, told, end: undefined };
}

export const attemptOf = (group: Group | undefined): string | undefined =>
  group && "attempt_id" in group.head ? group.head.attempt_id : undefined;

function isAttemptOver({ attempt_id: attempt, state }: JournalLine & { kind: "message" }, domain: Domain): boolean {
  if (attempt === undefined || state === null) return true;
  return domain.lifecycle !== "document" && domain.orchestrator.states.get(state)?.terminal === true;
}

const isTold = (head: JournalLine): boolean =>
  head.kind === "message" || (head.kind === "end" && head.superseded_by !== undefined);
const isPurge = (head: JournalLine): boolean =>
  head.kind === "message" && head.of === "purge" && head.result === "changed";
