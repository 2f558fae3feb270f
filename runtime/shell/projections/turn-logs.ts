import { computeLogRow, rowEntityOf } from "../../core/computed-rows.ts";
import type { Decision } from "../../core/decision.ts";
import type { Domain } from "../../core/domain.ts";
import { isPurged } from "../../core/entity.ts";
import type { Message } from "../../core/message.ts";
import type { ProjectionSpec } from "../../core/projection.ts";
import { toRfc3339 } from "../../core/time.ts";
import { entityOf, type ProjectionFault } from "../../stored/projection-faults.ts";
import type { SlotRow } from "../../stored/projection-writes.ts";
import type { Partition } from "../partitions/partition.ts";

/** What of a partition says which rows of logs are there. */
export type LoggingPartition = Pick<Partition, "loggedSlots" | "keepLogged">;

/** By partition, then by log and entity: the span of event time of its latest row. */
type Slots = ReadonlyMap<LoggingPartition, ReadonlyMap<string, number>>;

export const logsOf = ({ projections }: Domain): readonly ProjectionSpec[] => projections.filter(({ log }) => log);

/**
 * What a turn's messages leave in the domain's logs. Whether an entity has its row of a span is known from memory, so a
 * message that leaves none costs a look-up; what memory does not know, after a takeover, the table's key does.
 */
export class TurnLogs {
  readonly rows = new Map<ProjectionSpec, SlotRow[]>();
  readonly faults: ProjectionFault[] = [];
  /** Of this turn alone: counts once it is committed. */
  readonly taken = new Map<LoggingPartition, Map<string, number>>();
  readonly #domain: Domain;
  readonly #logs: readonly ProjectionSpec[];
  /** Of the turn before this one, which may not be committed yet. */
  readonly #before: Slots | undefined;
  readonly #monotonicMs: () => number;

  constructor(domain: Domain, before: Slots | undefined, monotonicMs: () => number) {
    this.#domain = domain;
    this.#logs = logsOf(domain);
    this.#before = before;
    this.#monotonicMs = monotonicMs;
  }

  /** A message whose step was taken. What it leaves is of the entity after it. */
  add(partition: LoggingPartition, message: Message, { entity, result }: Decision): void {
    if (message.kind !== "bus" || result === "declined" || !entity || entity.state === null || isPurged(entity)) return;
    for (const spec of this.#logs) {
      if (!spec.log?.types.has(message.type)) continue;
      const key = `${spec.name}\0${entity.id}`;
      const slot = Math.floor(message.now / spec.log.everyMs);
      if (slot <= this.#latest(partition, key)) continue;
      const time = { monotonicMs: this.#monotonicMs, at: toRfc3339(message.now) };
      const computed = computeLogRow(spec, message, rowEntityOf(entity, entity.state, this.#domain.orchestrator), time);
      if ("fault" in computed) this.faults.push({ ...entityOf(spec, entity.id), reason: computed.fault });
      else if (computed.rows[0]) this.#push(spec, { slot, row: computed.rows[0] });
      else continue;
      let taken = this.taken.get(partition);
      if (!taken) this.taken.set(partition, (taken = new Map()));
      taken.set(key, slot);
    }
  }

  #latest(partition: LoggingPartition, key: string): number {
    const own = this.taken.get(partition)?.get(key) ?? this.#before?.get(partition)?.get(key);
    return own ?? partition.loggedSlots.get(key) ?? -Infinity;
  }

  #push(spec: ProjectionSpec, row: SlotRow): void {
    const rows = this.rows.get(spec);
    if (rows) rows.push(row);
    else this.rows.set(spec, [row]);
  }

  /** The turn is committed. */
  keep(): void {
    for (const [partition, taken] of this.taken) partition.keepLogged(taken);
  }
}
