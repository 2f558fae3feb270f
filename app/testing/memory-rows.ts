import { computeRows } from "../../runtime/core/computed-rows.ts";
import type { Decision } from "../../runtime/core/decision.ts";
import type { Domain } from "../../runtime/core/domain.ts";
import { type Entity, isPurged } from "../../runtime/core/entity.ts";
import type { Message } from "../../runtime/core/message.ts";
import type { ProjectionSpec, Row } from "../../runtime/core/projection.ts";
import type { Clock } from "../../runtime/ports/clock.ts";
import { type LoggingPartition, TurnLogs } from "../../runtime/shell/projections/turn-logs.ts";
import { unknownName } from "./known-names.ts";

/** The rows that a domain's projections have of the entities in memory. */
export class MemoryRows {
  readonly #domain: Domain;
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #logged = new Map<ProjectionSpec, readonly Row[]>();
  /** Of logs, by name: the latest row that could not be had. */
  readonly #faults = new Map<string, Error>();
  readonly #slots = new Map<string, number>();
  readonly #partition: LoggingPartition = {
    loggedSlots: this.#slots,
    keepLogged: (taken) => taken.forEach((slot, key) => this.#slots.set(key, slot)),
  };

  constructor(domain: Domain, clock: Pick<Clock, "monotonicMs">) {
    this.#domain = domain;
    this.#clock = clock;
  }

  /** Keeps what the message leaves in logs. */
  take(message: Message, decision: Decision): void {
    const logs = new TurnLogs(this.#domain, undefined, () => this.#clock.monotonicMs());
    logs.add(this.#partition, message, decision);
    for (const { projection, entityId, reason } of logs.faults)
      this.#faults.set(projection, withoutRow(projection, entityId, reason));
    logs.keep();
    for (const [spec, rows] of logs.rows)
      this.#logged.set(spec, [...(this.#logged.get(spec) ?? []), ...rows.map(({ row }) => row)]);
  }

  /**
   * Sorted by the key, as lists are; of a log as they came.
   * @throws Error for a name that there is not; for rows that can't be had, with entity and reason
   */
  of(name: string, entities: Iterable<Entity>): readonly Row[] {
    const { projections } = this.#domain;
    const spec = projections.find((each) => each.name === name);
    if (!spec)
      throw unknownName(
        "projection",
        name,
        projections.map((each) => each.name),
      );
    const there = [...entities].filter((entity) => !isPurged(entity));
    const fault = this.#faults.get(name);
    if (fault) throw fault;
    if (spec.log) {
      const ids = new Set(there.map(({ id }) => id));
      return (this.#logged.get(spec) ?? []).filter((row) => ids.has(String(row[spec.key[0] ?? ""])));
    }
    const rows = there.flatMap((entity) => {
      const computed = computeRows(spec, this.#domain, entity, () => this.#clock.monotonicMs());
      if ("fault" in computed) throw withoutRow(name, entity.id, computed.fault);
      return computed.rows;
    });
    return rows.toSorted((a, b) => byKey(spec.key, a, b));
  }
}

/** In a running system the row of before would stay. */
const withoutRow = (projection: string, id: string, reason: string): Error =>
  new Error(`${projection} can't have a row of ${id}: ${reason}`);

function byKey(key: readonly string[], a: Row, b: Row): number {
  for (const column of key) {
    const [one, other] = [a[column] ?? null, b[column] ?? null];
    if (one === other) continue;
    const isBefore = typeof one === "number" && typeof other === "number" ? one < other : String(one) < String(other);
    return isBefore ? -1 : 1;
  }
  return 0;
}
