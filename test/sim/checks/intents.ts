import type { IntentLine, JournalLine } from "../../../runtime/core/journal.ts";
import { EPOCH_MS } from "../machine.ts";
import type { Values } from "../sql/tables.ts";
import type { Committed, ObservedSystem } from "./observed-system.ts";

/** An intent that has waited for so long has a row of its own, given this much time to write it. */
const UNPARKED_MAX_MS = 60_000;
const SLACK_MS = 3_000;

/**
 * G10, of which only the simulation sees the means: that a next owner finds every open intent, in the lines from
 * `pending_seq` on or as a row, and that all of them end. And that rows are only kept for open ones.
 */
export class IntentsCheck {
  readonly #observed: ObservedSystem;
  /** Those without an end, by id. */
  readonly #open = new Map<string, JournalLine<IntentLine>>();
  /** Since when those should have a row that have none, by id. */
  #dueSinceMs: ReadonlyMap<string, number> = new Map();
  /** Intents that have had a row. */
  parked = 0;

  constructor(observed: ObservedSystem) {
    this.#observed = observed;
  }

  /** Ids, in the order of their lines. */
  openOf(entityId: string): readonly string[] {
    return [...this.#open.values()].filter((line) => line.entity_id === entityId).map(({ id }) => id);
  }

  onCommitted({ changes, lines }: Committed): void {
    const { report } = this.#observed;
    for (const line of lines) {
      if (line.kind === "intent") this.#open.set(line.id, line);
      const ended = line.kind === "end" ? line.id : line.kind === "message" ? line.intent_id : undefined;
      if (ended !== undefined && !this.#open.delete(ended))
        report("G10", `line ${line.seq} of partition ${line.partition} ends ${ended}, which is not open`);
    }
    for (const { table, before, after } of changes) {
      if (table.schema.name === "intent" && !before && after) this.parked++;
      if (table.schema.name === "partition_owner" && after) this.#checkPending(after);
    }
    if (lines.length > 0) this.#checkRows();
  }

  /** Above an open intent it would be lost; below, a day could not be dropped although nothing of it waits. */
  #checkPending({ partition, pending_seq: pendingSeq, next_seq: nextSeq }: Values): void {
    const parked = this.#parked();
    const first = [...this.#open.values()].find((line) => line.partition === partition && !parked.has(line.id));
    const wanted = first?.seq ?? Number(nextSeq);
    if (pendingSeq !== wanted)
      this.#observed.report(
        "G10",
        `pending_seq of partition ${Number(partition)} is ${Number(pendingSeq)}, not ${wanted}: ` +
          (first ? `${named(first)} is the first without an end` : "nothing is open"),
      );
  }

  /** What has ended has no row any more. */
  #checkRows(): void {
    for (const id of this.#parked())
      if (!this.#open.has(id)) this.#observed.report("G10", `the intent ${id} has ended, and its row is still there`);
  }

  #parked(): Set<string> {
    return new Set(this.#observed.database.table("intent").map((row) => String(row["id"])));
  }

  /**
   * Unless a fault excuses it, what a next owner must read does not grow for longer than a minute. That minute is by
   * what the owner takes for the broker's time, as each line's is. It is never ahead, since no deadline may fire early;
   * and it is late in a process that has read nothing but old records and has published nothing, until it does.
   */
  checkLateness(): void {
    const { nowMs, latenessExcusedUntilMs, report } = this.#observed;
    const now = nowMs();
    const isExcused = latenessExcusedUntilMs() > now - SLACK_MS;
    const parked = this.#parked();
    const times = this.#ownersTimes();
    const dueSinceMs = new Map<string, number>();
    for (const line of this.#open.values()) {
      const waitedMs = (times.get(line.partition) ?? now + EPOCH_MS) - Date.parse(line.at);
      if (parked.has(line.id) || waitedMs <= UNPARKED_MAX_MS) continue;
      const sinceMs = this.#dueSinceMs.get(line.id) ?? now;
      dueSinceMs.set(line.id, sinceMs);
      if (!isExcused && now - sinceMs > SLACK_MS)
        report("G12", `${named(line)} has waited since ${line.at} and has no row`);
    }
    this.#dueSinceMs = dueSinceMs;
  }

  /** By partition. */
  #ownersTimes(): Map<unknown, number | undefined> {
    const { database, brokerTimeOf } = this.#observed;
    const owners = database.table("partition_owner");
    return new Map(owners.map(({ partition, owner }) => [partition, brokerTimeOf(String(owner))]));
  }

  atRest(): void {
    const { database, report } = this.#observed;
    for (const line of this.#open.values()) report("G10", `${named(line)} is not done`);
    for (const row of database.table("intent"))
      report("G10", `${String(row["type"])} of ${String(row["entity_id"])} still has a row`);
  }
}

const named = ({ type, entity_id: entityId }: IntentLine): string => `${type} of ${entityId}`;
