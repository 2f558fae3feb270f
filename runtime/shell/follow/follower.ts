import { Chain } from "../../core/chain.ts";
import type { Domain } from "../../core/domain.ts";
import type { DeadLetterLine, JournalLine, StepLine } from "../../core/journal.ts";
import type { Sql } from "../../ports/store.ts";
import type { EntityRecord } from "../../stored/entities.ts";
import {
  isLetterOf,
  latestGroups,
  type LineGroup,
  type LinePosition,
  newestLineOf,
  positionOf,
} from "../../stored/entity-lines.ts";
import type { Followed, FollowEnd } from "./followed.ts";
import type { FeedItem, LineFeed } from "./line-feed.ts";

export interface FollowedMessage {
  readonly entityId: string;
  readonly messageId: string;
  /**
   * `answers`: the message's own step, then what it caused. `attempt`: all steps of the attempt that the message opened
   * or joined, from the attempt's first one, until its end. `attempt_from_message`: the same, from the message on.
   */
  readonly reading: "answers" | "attempt" | "attempt_from_message";
}

export interface FollowerParts {
  readonly domain: Domain;
  readonly partition: number;
  readonly store: Sql;
  /** The entity as it is stored now, or later. */
  readonly loadRecord: () => Promise<EntityRecord | undefined>;
  /** Where the message was published, if that is known. */
  readonly place: { readonly topic: string; readonly offset: number } | undefined;
}

interface Before {
  /** Undefined: there is no entity, or no more. */
  readonly record: EntityRecord | undefined;
  /** The entity's newest line. */
  readonly newest: LinePosition | undefined;
  /** The line behind which the feed begins. */
  readonly upto: number;
}

interface Original {
  readonly groups: readonly LineGroup[];
  readonly isBefore: boolean;
}

type Step = JournalLine<StepLine>;
type Told = AsyncGenerator<Followed, void>;

/** Picks out of what happens to an entity that which concerns one message. */
export class Follower {
  readonly #message: FollowedMessage;
  readonly #parts: FollowerParts;
  readonly #chain: Chain;
  #isTaken = false;
  #isOver = false;
  /** The attempt that the message opened or joined, once it is known. */
  #attempt: string | undefined;
  /** What stands up to this line was told of the attempt, whatever the feed has of it. */
  #toldUpto = 0;

  constructor(message: FollowedMessage, parts: FollowerParts) {
    this.#message = message;
    this.#parts = parts;
    this.#chain = new Chain(message.messageId, parts.domain.awaitsPublish);
  }

  /** Whether a turn took the message. */
  get isTaken(): boolean {
    return this.#isTaken;
  }

  /** @param before when the message may have been taken already */
  async *read(feed: LineFeed, before?: Before): Told {
    if (before?.newest) {
      const { groups } = await this.#originalStep(before.newest);
      for (const group of groups) if (group.head.seq <= before.upto) yield* this.#takeGroup(group, before.record);
    }
    if (!this.#isOver)
      for await (const item of feed) {
        yield* item.kind === "taken" ? this.#takeUnwritten(item.record) : this.#takeNew(item);
        if (this.#isOver) return;
      }
    yield* this.#end(feed.ended);
  }

  async *#end(reason: FollowEnd): Told {
    if (!this.#isOver) yield { kind: "end", reason };
    this.#isOver = true;
  }

  async *#takeNew({ group, record }: Extract<FeedItem, { kind: "group" }>): Told {
    const { head } = group;
    if (this.#isTaken || head.kind !== "repeat" || head.id !== this.#message.messageId)
      return yield* this.#takeGroup(group, record);
    const { groups, isBefore } = await this.#originalStep(positionOf(head));
    for (const each of groups) yield* this.#takeGroup(each, record);
    if (groups.length > 0) return;
    yield* this.#tellUnwritten(isBefore ? undefined : (record ?? (await this.#parts.loadRecord())));
  }

  async *#takeGroup(group: LineGroup, record: EntityRecord | undefined): Told {
    if (this.#isOver) return;
    const { head } = group;
    if (this.#isTaken && isPurge(head)) return yield* this.#end("purged");
    const isOfChain = this.#chain.take(group);
    if (!this.#isTaken && isOfChain && head.kind === "message") yield* this.#takeOwnStep(head, group, record);
    else if (!this.#isTaken && head.kind === "dead_letter" && this.#isOwn(head)) {
      this.#isTaken = true;
      yield { kind: "dead_letter", line: head };
      yield* this.#end("complete");
    } else if (this.#message.reading !== "answers") yield* this.#takeOfAttempt(group, record);
    else if (isOfChain) yield* this.#tell(group, record);
    if (this.#message.reading === "answers" && this.#chain.isOver) yield* this.#end("complete");
  }

  async *#takeOwnStep(head: Step, group: LineGroup, record: EntityRecord | undefined): Told {
    this.#isTaken = true;
    this.#attempt = head.attempt_id;
    if (this.#message.reading === "attempt") yield* this.#tellEarlier(positionOf(head), head.seq, record);
    yield* this.#tell(group, record);
    if (this.#message.reading !== "answers" && this.#isAttemptOver(head.state)) yield* this.#end("complete");
  }

  async *#takeOfAttempt(group: LineGroup, record: EntityRecord | undefined): Told {
    const { head } = group;
    if (head.seq <= this.#toldUpto) return;
    if (this.#attempt === undefined || (head.kind !== "message" && head.kind !== "end")) return;
    if (head.attempt_id === this.#attempt) yield* this.#tell(group, record);
    // Another one has begun.
    else if (head.kind === "message") yield* this.#end("complete");
    if (head.kind === "message" && this.#isAttemptOver(head.state)) yield* this.#end("complete");
  }

  /** A turn took the message, and there is no step of it. */
  async *#takeUnwritten(given: EntityRecord | undefined): Told {
    if (!this.#isTaken) yield* this.#tellUnwritten(given ?? (await this.#parts.loadRecord()));
  }

  /** @param record the entity as it is; undefined: there is none, or there was none when the message was taken */
  async *#tellUnwritten(record: EntityRecord | undefined): Told {
    this.#isTaken = true;
    yield { kind: "taken", entity: record?.entity, lastSeenMs: record?.lastSeenMs ?? null };
    if (this.#message.reading === "answers") return yield* this.#end("complete");
    this.#attempt = record?.entity.attempt.id || undefined;
    const newest = record && newestLineOf(record);
    if (newest && this.#message.reading === "attempt") {
      this.#toldUpto = newest.seq;
      yield* this.#tellEarlier(newest, newest.seq + 1, record);
    }
    if (this.#isAttemptOver(record?.entity.state ?? null)) yield* this.#end("complete");
  }

  async *#tell({ head, behind }: LineGroup, given: EntityRecord | undefined): Told {
    if (head.kind !== "message" && !(head.kind === "end" && head.superseded_by !== undefined)) return;
    const { entity, lastSeenMs = null } = given ?? (await this.#parts.loadRecord()) ?? {};
    if (head.kind === "end") return yield { kind: "superseded_intent", line: head, entity };
    const events = behind.filter((line) => line.kind === "event");
    yield { kind: "step", line: head, events, entity, lastSeenMs };
  }

  /** The steps of the attempt before a line. @param from that line, or the last one before it */
  async *#tellEarlier(from: LinePosition, line: number, record: EntityRecord | undefined): Told {
    const earlier: LineGroup[] = [];
    for await (const group of this.#backwards(from)) {
      const { head } = group;
      const isOfAttempt = "attempt_id" in head && head.attempt_id === this.#attempt;
      if (head.kind === "message" && !isOfAttempt) break;
      if (isOfAttempt && head.seq < line) earlier.push(group);
    }
    for (const group of earlier.reverse()) yield* this.#tell(group, record);
  }

  /**
   * The groups from the message's own step or dead letter on, up to the line; empty: it is not found. It is from before
   * the entity when the entity's first line was seen: nothing leads to lines about what was not there.
   */
  async #originalStep(upto: LinePosition): Promise<Original> {
    const groups: LineGroup[] = [];
    for await (const group of this.#backwards(upto)) {
      groups.push(group);
      const { head } = group;
      const isOwn = head.kind === "dead_letter" ? this.#isOwn(head) : isStepOf(head, this.#message.messageId);
      if (isOwn) return { groups: groups.reverse(), isBefore: false };
    }
    const first = groups.at(-1);
    return { groups: [], isBefore: first !== undefined && first.head.prev === undefined };
  }

  #backwards(from: LinePosition): AsyncGenerator<LineGroup> {
    const { store, domain, partition } = this.#parts;
    return latestGroups(store, domain.name, partition, this.#message.entityId, from);
  }

  #isOwn(letter: DeadLetterLine): boolean {
    const { place } = this.#parts;
    const isAtPlace = place?.topic === letter.origin.topic && place.offset === letter.origin.offset;
    return isAtPlace || isLetterOf(letter, this.#message.messageId);
  }

  #isAttemptOver(state: string | null): boolean {
    const { lifecycle, orchestrator } = this.#parts.domain;
    if (this.#attempt === undefined || state === null) return true;
    // A document's attempt is its life: a transition may lead out of any state.
    return lifecycle !== "document" && orchestrator.states.get(state)?.terminal === true;
  }
}

const isStepOf = (head: LineGroup["head"], messageId: string): boolean =>
  head.kind === "message" && head.id === messageId;

/** Whether the entity went with this step. */
const isPurge = (head: LineGroup["head"]): boolean =>
  head.kind === "message" && head.of === "purge" && head.result === "changed";
