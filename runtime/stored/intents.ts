import type { Intent } from "../core/intent.ts";
import type { IntentLine, IntentTry, JournalLine } from "../core/journal.ts";
import type { Sql } from "../ports/store.ts";
import { msOf } from "./ms-of.ts";
import type { NameChoice, NameInUse } from "./names-in-use.ts";
import { readLines } from "./turns.ts";

/** An intent without an outcome. */
export interface OpenIntent {
  readonly intent: Intent;
  /** Its line in the journal. */
  readonly seq: number;
  /** Broker time of that line, ms since the epoch. */
  readonly askedAtMs: number;
}

/** What the effect of an intent waits for, as it says. */
export interface NotYet {
  /** Broker time of the first answer, ms since the epoch. */
  readonly sinceMs: number;
  readonly note: string;
}

/** As it is stored: by its line alone, or also by a row that has its tries. */
export interface StoredIntent extends OpenIntent {
  readonly isParked: boolean;
  readonly failedTries: number;
  /** The first call that failed, and the latest. */
  readonly tries: readonly IntentTry[];
  /** Unless the latest answer was another one. */
  readonly notYet: NotYet | undefined;
}

export interface ParkedIntent extends StoredIntent {
  readonly partition: number;
}

interface ParkedRow extends Omit<Intent, "traceparent">, Omit<ParkedIntent, "intent" | "isParked" | "notYet"> {
  readonly traceparent: string | null;
  readonly notYetSinceMs: number | null;
  readonly notYetNote: string | null;
}

/**
 * The intents of partitions that have a row, of each partition oldest first.
 * @param entityId only those of this entity; all of the partitions are looked through
 */
export async function readParkedIntents(
  sql: Sql,
  domain: string,
  partitions: readonly number[],
  entityId?: string,
): Promise<ParkedIntent[]> {
  const rows = await sql.query<ParkedRow>(
    `select partition, seq, id, entity_id as "entityId", attempt_id as "attemptId", type, target, version,
            correlation_id as "correlationId", payload, traceparent, failed_tries as "failedTries", tries,
            ${msOf("asked_at")} as "askedAtMs", not_yet_note as "notYetNote",
            ${msOf("not_yet_since")} as "notYetSinceMs"
       from rollcall.intent
      where domain = $1 and partition = any($2::int[]) and entity_id = coalesce($3::text, entity_id)
      order by partition, seq`,
    [domain, partitions, entityId ?? null],
  );
  return rows.map(({ partition, seq, askedAtMs, failedTries, tries, traceparent, ...row }) => {
    const { notYetSinceMs, notYetNote, ...intent } = row;
    return {
      ...{ partition, seq, askedAtMs, failedTries, tries, isParked: true },
      notYet: notYetSinceMs === null ? undefined : { sinceMs: notYetSinceMs, note: notYetNote ?? "" },
      intent: { ...intent, ...(traceparent !== null && { traceparent }) },
    };
  });
}

/** A partition's open intents that only the journal has: those whose lines come and have no end. */
export class JournaledIntents {
  readonly #pendingSeq: number;
  readonly #parkedSeqs: ReadonlySet<number>;
  readonly #open = new Map<string, StoredIntent>();

  /** @param pendingSeq no intent before this line is open, but for the parked ones */
  constructor(pendingSeq: number, parkedSeqs: Iterable<number>) {
    this.#pendingSeq = pendingSeq;
    this.#parkedSeqs = new Set(parkedSeqs);
  }

  /** To be called for each line from `pendingSeq` on, in order. */
  add(line: JournalLine): void {
    const { kind, seq } = line;
    if (kind === "intent" && seq >= this.#pendingSeq && !this.#parkedSeqs.has(seq))
      this.#open.set(line.id, openIntentOf(line));
    const ended = kind === "end" ? line.id : kind === "message" ? line.intent_id : undefined;
    if (ended !== undefined) this.#open.delete(ended);
  }

  /** In the order of their lines. */
  get open(): readonly StoredIntent[] {
    return [...this.#open.values()];
  }
}

const openIntentOf = (line: JournalLine<IntentLine>): StoredIntent => ({
  seq: line.seq,
  askedAtMs: Date.parse(line.at),
  ...{ isParked: false, failedTries: 0, tries: [], notYet: undefined },
  intent: {
    id: line.id,
    entityId: line.entity_id,
    attemptId: line.attempt_id,
    type: line.type,
    target: line.target,
    version: line.version,
    correlationId: line.correlation_id,
    ...(line.traceparent !== undefined && { traceparent: line.traceparent }),
    payload: line.payload,
  },
});

/** The open intents of one type. */
export interface IntentsOfType {
  readonly type: string;
  readonly count: number;
  /** When the oldest was asked for, ms since the epoch. */
  readonly oldestAtMs: number;
  /** The id of an entity with one. */
  readonly example: string;
}

/** Intents of which the effect answers "not yet". */
export interface WaitingIntents {
  readonly count: number;
  /** Those that have waited for longest. */
  readonly longest: readonly (NotYet & Pick<Intent, "id" | "type" | "entityId">)[];
}

/** @param max of those that have waited for longest */
export async function readWaitingIntents(sql: Sql, domain: string, max: number): Promise<WaitingIntents> {
  const [counted] = await sql.query<{ count: number }>(
    `select count(*)::int as count from rollcall.intent where domain = $1 and not_yet_since is not null`,
    [domain],
  );
  const longest = await sql.query<WaitingIntents["longest"][number]>(
    `select id, type, entity_id as "entityId", not_yet_note as note,
            ${msOf("not_yet_since")} as "sinceMs"
       from rollcall.intent where domain = $1 and not_yet_since is not null order by not_yet_since limit $2`,
    [domain, max],
  );
  return { count: counted?.count ?? 0, longest };
}

/**
 * A domain's open intents, counted by type.
 * @param waiting whether those of which the effect answers "not yet" count too
 * @throws Fault JOURNAL_DAMAGED, not retryable
 */
export async function countIntentsByType(sql: Sql, domain: string, waiting = true): Promise<IntentsOfType[]> {
  const counts = new Map<string, IntentsOfType>();
  const count = (of: IntentsOfType): void => {
    const before = counts.get(of.type);
    counts.set(of.type, before ? sumOf(before, of) : of);
  };
  const parked = await sql.query<IntentsOfType>(
    `select type, count(*)::int as count, ${msOf("min(asked_at)")} as "oldestAtMs",
            min(entity_id) as example
       from rollcall.intent where domain = $1 and ($2 or not_yet_since is null) group by type`,
    [domain, waiting],
  );
  parked.forEach(count);
  for (const { intent, askedAtMs } of await readJournaledIntents(sql, domain))
    count({ type: intent.type, count: 1, oldestAtMs: askedAtMs, example: intent.entityId });
  return [...counts.values()].sort((a, b) => (a.type < b.type ? -1 : 1));
}

const sumOf = (one: IntentsOfType, other: IntentsOfType): IntentsOfType => ({
  type: one.type,
  count: one.count + other.count,
  oldestAtMs: Math.min(one.oldestAtMs, other.oldestAtMs),
  example: one.example < other.example ? one.example : other.example,
});

async function readJournaledIntents(sql: Sql, domain: string): Promise<StoredIntent[]> {
  const partitions = await sql.query<{ partition: number; pending_seq: number; next_seq: number }>(
    `select partition, pending_seq, next_seq from rollcall.partition_owner where domain = $1 order by partition`,
    [domain],
  );
  const open: StoredIntent[] = [];
  for (const { partition, pending_seq, next_seq } of partitions) {
    const parked = await sql.query<{ seq: number }>(
      `select seq from rollcall.intent where domain = $1 and partition = $2 and seq >= $3`,
      [domain, partition, pending_seq],
    );
    const journaled = new JournaledIntents(
      pending_seq,
      parked.map(({ seq }) => seq),
    );
    for await (const lines of readLines(sql, domain, partition, { from: pending_seq, to: next_seq }))
      for (const line of lines) journaled.add(line);
    open.push(...journaled.open);
  }
  return open;
}

/** The types that open intents have. */
export async function intentTypesInUse(sql: Sql, domain: string, choice: NameChoice): Promise<NameInUse[]> {
  const all = await countIntentsByType(sql, domain);
  const isChosen = ({ type }: IntentsOfType) =>
    "among" in choice ? choice.among.includes(type) : !choice.notAmong.includes(type);
  return all.filter(isChosen).map(({ type, count, example }) => ({ name: type, count, example }));
}
