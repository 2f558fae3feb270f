import type { Domain } from "../../core/domain.ts";
import { Fault } from "../../core/fault.ts";
import type { ProjectionSpec } from "../../core/projection.ts";
import type { Sql } from "../../ports/store.ts";
import { fenceOwners, lockPartitions } from "../../stored/partition-owners.ts";
import {
  lockProjection,
  readProjections,
  replaceView,
  type StoredProjection,
  tableStatements,
  viewText,
  writeProjection,
} from "../../stored/projection-tables.ts";
import { type FillProgress, type Filling, fillProjection } from "./fill-projection.ts";

/** The store has other projections than the code of this process: it takes over no partition of the domain. */
export class ProjectionsSuperseded extends Error {
  constructor(differences: readonly string[]) {
    super(differences.join("; "));
  }
}

/** A projection of the store's that a domain's code has otherwise; undefined where one of the two lacks it. */
interface Pair {
  readonly spec: ProjectionSpec | undefined;
  readonly stored: StoredProjection | undefined;
}

async function pairsOf(sql: Sql, { name, projections }: Domain): Promise<readonly Pair[]> {
  const rows = await readProjections(sql, name);
  const specs = new Map(projections.map((spec) => [spec.name, spec]));
  const left = rows.filter((stored) => !specs.has(stored.name)).map((stored) => ({ spec: undefined, stored }));
  return [...projections.map((spec) => ({ spec, stored: rows.find((row) => row.name === spec.name) })), ...left];
}

/** Why turns must not be committed by this code; empty: its projections are those of the store. */
export async function projectionDifferences(sql: Sql, domain: Domain): Promise<readonly string[]> {
  return (await pairsOf(sql, domain)).flatMap(({ spec, stored }) => {
    if (!spec) return stored ? unknownText(domain, stored) : [];
    if (!stored) return `the projection ${spec.name} has no table yet: the next start makes it`;
    if (stored.version !== spec.version)
      return `the projection ${spec.name} is version ${stored.version} in the store, and ${spec.version} in this code`;
    if (stored.layout !== spec.layout) return otherLayoutText(spec);
    return stored.filledTo === null ? [] : `the projection ${spec.name} is being filled`;
  });
}

/** Of which projections the view has other live columns than the contract says: a start changes them. */
export const viewDifferences = async (sql: Sql, domain: Domain): Promise<readonly string[]> =>
  (await pairsOf(sql, domain)).flatMap(({ spec, stored }) =>
    spec && stored && stored.view !== viewText(spec)
      ? `the projection ${spec.name} has other live columns: they come with a restart`
      : [],
  );

const unknownText = ({ name }: Domain, stored: StoredProjection): string =>
  `the store has the projection ${stored.name}, version ${stored.version}, which this code lacks: if it shall go, ` +
  `rollcall projections drop ${stored.name} --domain ${name}`;

const otherLayoutText = ({ name, version }: ProjectionSpec): string =>
  `the projection ${name} has other columns, indexes or another key than its version ${version} in the store: ` +
  "raise the version, in the contract and in code";

const olderText = ({ name, version }: ProjectionSpec, stored: StoredProjection): string =>
  `the projection ${name} is version ${stored.version} in the store, and ${version} in this code: run the newer ` +
  "code; to go back, raise the version once more";

/**
 * Makes the tables and views of a domain's projections, and fills those that are new: before the domain is served.
 * Whoever serves it with another version takes no partition from then on. Nothing is done, and nothing is written, when
 * all is as it should be.
 * @throws Fault PROJECTIONS_REFUSED, not retryable: the store has others, or this role may not make tables
 */
export async function prepareProjections(
  filling: Filling,
  onFilled: (progress: FillProgress) => void = () => {},
): Promise<void> {
  const { store, domain } = filling;
  const pairs = await pairsOf(store, domain);
  const missing = pairs.filter((pair) => !isReady(pair));
  if (missing.length === 0) return;
  refuse(pairs.flatMap((pair) => refusalOf(domain, pair)));
  try {
    await store.transaction((tx) => makeTables(tx, domain));
    for (const { spec } of missing) if (spec) await fillProjection(filling, spec, onFilled);
    for (const { spec } of missing) if (spec) await store.transaction((tx) => finish(tx, spec));
  } catch (error) {
    if (!isPrivilegeMissing(error)) throw error;
    const names = missing.flatMap(({ spec }) => spec?.name ?? []).join(", ");
    refuse([
      `this role may not make tables (${(error as Error).message}), and these projections need theirs: ${names}. ` +
        "Run `rollcall migrate` as the tables' owner",
    ]);
  }
}

const isReady = ({ spec, stored }: Pair): boolean =>
  stored?.version === spec?.version &&
  stored?.layout === spec?.layout &&
  stored?.filledTo === null &&
  spec !== undefined &&
  stored.view === viewText(spec);

function refusalOf(domain: Domain, { spec, stored }: Pair): readonly string[] {
  if (!stored) return [];
  if (!spec) return [unknownText(domain, stored)];
  if (spec.version < stored.version) return [olderText(spec, stored)];
  return spec.version === stored.version && spec.layout !== stored.layout ? [otherLayoutText(spec)] : [];
}

function refuse(reasons: readonly string[]): void {
  if (reasons.length > 0) throw new Fault("PROJECTIONS_REFUSED", reasons.join("; "), { retryable: false });
}

const INSUFFICIENT_PRIVILEGE = "42501";
const isPrivilegeMissing = (error: unknown): boolean =>
  error instanceof Fault && (error.cause as { readonly code?: string } | undefined)?.code === INSUFFICIENT_PRIVILEGE;

/** Locks as a change of contracts does: no turn is committed under two versions. */
async function makeTables(tx: Sql, domain: Domain): Promise<void> {
  // Two processes may start at the same time, and a domain that is new has no partition to lock.
  await tx.query("select pg_advisory_xact_lock($1)", [LOCK_KEY]);
  await lockPartitions(tx, domain.name);
  const pairs = await pairsOf(tx, domain);
  refuse(pairs.flatMap((pair) => refusalOf(domain, pair)));
  const others = pairs.flatMap(({ spec, stored }) => (spec && stored?.version !== spec.version ? [spec] : []));
  if (others.length === 0) return;
  for (const spec of others) {
    for (const statement of tableStatements(spec)) await tx.query(statement);
    // A log begins with what comes.
    await writeProjection(tx, spec, spec.kind === "log" ? null : "");
  }
  await fenceOwners(tx, domain.name);
}

/** An arbitrary number that every version of Rollcall must share. */
const LOCK_KEY = 7_265_012;
/** A report that reads the view keeps its lock. */
const LOCK_TIMEOUT_MS = 10_000;

async function finish(tx: Sql, spec: ProjectionSpec): Promise<void> {
  const stored = await lockProjection(tx, spec);
  if (stored?.version !== spec.version || stored.filledTo !== null || stored.view === viewText(spec)) return;
  await tx.query(`set local lock_timeout to ${LOCK_TIMEOUT_MS}`);
  await replaceView(tx, spec);
}
