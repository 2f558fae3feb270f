import { retentionOf } from "../../core/retention.ts";
import { purgeMessage } from "../../core/runtime-messages.ts";
import { type DueEntity, findDueEntities, findRequestedPurges } from "../../stored/purges.ts";
import { deletionHolds, expiryHolds } from "../operators/holds.ts";
import type { Partition } from "../partitions/partition.ts";
import { repeat, type ShellContext } from "../shell-context.ts";
import { applyRetention } from "./retention.ts";

const SCAN_EVERY_MS = 2_000;
/** So many become messages at a time, and so long is waited for the next ones: turns for others go on. */
const PURGED_MAX = 250;
const NEXT_MS = 100;
/** After an outage what was sent meanwhile is taken first: it may be about an entity that is due. */
const SERVED_MIN_MS = 30_000;
const FROM_THE_START = -8.64e12;

/**
 * Purges entities that have ended, once their state's `retain` is over or an operator wants it: by a message of an
 * ordinary turn, so that it is in the journal. An index has those that have ended in a state with `retain`, and nothing
 * is kept in memory of them. One that something of is still on its way is passed over, and asked for again later.
 */
export class Purges {
  readonly #context: ShellContext;
  /** The scan goes on behind this `purge_at`, so that those that were passed over don't hold up the others. */
  #after = FROM_THE_START;

  constructor(context: ShellContext) {
    this.#context = context;
  }

  start(): void {
    // A scan that fails is repeated by the next one: what is due stays due.
    repeat(this.#context, SCAN_EVERY_MS, () => this.#scan().catch(() => SCAN_EVERY_MS));
  }

  /** @returns the delay to the next scan */
  async #scan(): Promise<number> {
    const { domain, owned } = this.#context;
    const retention = retentionOf(domain);
    const partitions = [...owned.values()].filter((partition) => !partition.isLost);
    for (const partition of partitions)
      if (partition.retention !== retention) await applyRetention(this.#context, partition);
    if (retention === null) return SCAN_EVERY_MS;
    // One that the store refuses is tried again for long.
    if (partitions.reduce((sum, { purging }) => sum + purging.size, 0) > PURGED_MAX / 2) return NEXT_MS;
    // A queue is full.
    if (partitions.some(({ isPaused }) => isPaused)) return SCAN_EVERY_MS;
    const isServed = this.#servedPartitions();
    const { requested, due } = await this.#find([...isServed.keys()]);
    if (requested.length + due.length > 0 && (await this.#isHeld())) return SCAN_EVERY_MS;
    for (const each of requested) this.#ask(isServed, each, "operator");
    for (const each of due) this.#ask(isServed, each, "retain");
    const isFull = due.length === PURGED_MAX;
    this.#after = isFull ? (due.at(-1)?.purgeAt ?? FROM_THE_START) : FROM_THE_START;
    return isFull ? NEXT_MS : SCAN_EVERY_MS;
  }

  #servedPartitions(): ReadonlyMap<number, Partition> {
    const { clock, owned } = this.#context;
    const sinceMs = clock.monotonicMs() - SERVED_MIN_MS;
    return new Map([...owned].filter(([, { isLost, resumedAtMs }]) => !isLost && resumedAtMs <= sinceMs));
  }

  async #find(partitions: readonly number[]): Promise<{ requested: readonly DueEntity[]; due: readonly DueEntity[] }> {
    const { store, domain, brokerClock } = this.#context;
    if (partitions.length === 0) return { requested: [], due: [] };
    const requested = await findRequestedPurges(store, domain.name, partitions, PURGED_MAX);
    const range = { after: this.#after, until: brokerClock.nowMs(), limit: PURGED_MAX };
    return { requested, due: await findDueEntities(store, domain.name, partitions, range) };
  }

  /** While an operator has to decide what is wrong with entities or a backend, nothing is forgotten. */
  async #isHeld(): Promise<boolean> {
    const { store, domain } = this.#context;
    const holds = await Promise.all([expiryHolds(store, domain.name), deletionHolds(store, domain.name)]);
    return holds.flat().some(({ releasedAtMs }) => releasedAtMs === null);
  }

  #ask(partitions: ReadonlyMap<number, Partition>, due: DueEntity, by: "retain" | "operator"): void {
    const { domain, inbox, brokerClock } = this.#context;
    const partition = partitions.get(due.partition);
    if (!partition || partition.isLost || partition.purging.has(due.id)) return;
    partition.purging.add(due.id);
    inbox.push({ kind: "purge", partition, message: purgeMessage(domain.name, due, by, brokerClock.nowMs()) });
  }
}
