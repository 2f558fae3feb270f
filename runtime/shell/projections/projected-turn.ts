import { computeRows, hasSameRows } from "../../core/computed-rows.ts";
import type { Domain } from "../../core/domain.ts";
import { type Entity, isPurged } from "../../core/entity.ts";
import type { ProjectionSpec } from "../../core/projection.ts";
import type { Sql } from "../../ports/store.ts";
import {
  entityOf,
  type EntityOfProjection,
  type ProjectionFault,
  removeFaults,
  sendFaults,
} from "../../stored/projection-faults.ts";
import { type EntityRows, removeRows, sendLogRows, sendRows } from "../../stored/projection-writes.ts";
import type { ChangedEntity } from "../turns/changed-entity.ts";
import type { TurnLogs } from "./turn-logs.ts";

/** What a turn changes in the domain's projections. */
export interface ProjectedTurn {
  /** Of each projection that has any, entities with all rows that they have now. */
  readonly rows: ReadonlyMap<ProjectionSpec, readonly EntityRows[]>;
  readonly faults: readonly ProjectionFault[];
  /** Entities that are gone. */
  readonly purged: readonly string[];
  readonly logs: TurnLogs | undefined;
}

/** Rows of entities, by projection; those that could not be had are faults. */
function rowsOfEntities(
  domain: Domain,
  entities: readonly Entity[],
  monotonicMs: () => number,
): Pick<ProjectedTurn, "rows" | "faults"> {
  const rows = new Map<ProjectionSpec, EntityRows[]>();
  const faults: ProjectionFault[] = [];
  for (const spec of domain.projections) {
    if (spec.kind === "log") continue;
    const good: EntityRows[] = [];
    for (const entity of entities) {
      const computed = computeRows(spec, domain, entity, monotonicMs);
      if ("fault" in computed) faults.push({ ...entityOf(spec, entity.id), reason: computed.fault });
      else good.push({ id: entity.id, rows: computed.rows });
    }
    if (good.length > 0) rows.set(spec, good);
  }
  return { rows, faults };
}

/** @returns undefined: it changes nothing in them */
export function projectTurn(
  domain: Domain,
  entities: Iterable<ChangedEntity>,
  logs: TurnLogs | undefined,
  monotonicMs: () => number,
): ProjectedTurn | undefined {
  const changed: Entity[] = [];
  const purged: string[] = [];
  for (const { before, after } of entities) {
    if (hasSameRows(before?.entity, after.entity)) continue;
    if (isPurged(after.entity)) purged.push(after.entity.id);
    else changed.push(after.entity);
  }
  const { rows, faults } = rowsOfEntities(domain, changed, monotonicMs);
  const logFaults = logs?.faults ?? [];
  const isEmpty = rows.size + faults.length + purged.length + logFaults.length + (logs?.rows.size ?? 0) === 0;
  return isEmpty && !logs?.taken.size ? undefined : { rows, faults: [...faults, ...logFaults], purged, logs };
}

/** Sends what a turn writes of projections, without awaiting the answers. */
export function sendProjected(
  tx: Sql,
  { name, projections }: Domain,
  { rows, faults, purged, logs }: ProjectedTurn,
  atMs: number,
): Promise<unknown>[] {
  const logged = [...(logs?.rows ?? [])];
  return [
    ...[...rows].flatMap(([spec, entities]) => sendRows(tx, spec, entities)),
    ...logged.flatMap(([spec, each]) => sendLogRows(tx, spec, each)),
    ...projections.flatMap((spec) => removeRows(tx, spec, purged)),
    ...removeFaults(tx, name, [
      ...[...rows].flatMap(([spec, entities]) => entities.map(({ id }) => entityOf(spec, id))),
      ...logged.flatMap(([spec, each]) => each.map(({ row }) => entityOfLog(spec, row))),
      ...projections.flatMap((spec) => purged.map((id) => entityOf(spec, id))),
    ]),
    ...sendFaults(tx, name, faults, atMs),
  ];
}

/** The same turn when the store refuses its rows: those of before stay. */
export function withoutRows({ rows, faults, logs, purged }: ProjectedTurn, refusal: string): ProjectedTurn {
  const reason = `the store refuses it: ${refusal}`;
  const entities = [...rows].flatMap(([spec, all]) => all.map(({ id }) => entityOf(spec, id)));
  const logged = [...(logs?.rows ?? [])].flatMap(([spec, all]) => all.map(({ row }) => entityOfLog(spec, row)));
  const refused = [...entities, ...logged].map((each) => ({ ...each, reason }));
  return { rows: new Map(), faults: [...faults, ...refused], purged, logs: undefined };
}

const entityOfLog = (spec: ProjectionSpec, row: Readonly<Record<string, unknown>>): EntityOfProjection =>
  entityOf(spec, String(row[spec.key[0] ?? ""]));
