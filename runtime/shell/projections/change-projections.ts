import type { Domain } from "../../core/domain.ts";
import { Fault } from "../../core/fault.ts";
import type { ProjectionSpec } from "../../core/projection.ts";
import type { Sql } from "../../ports/store.ts";
import { fenceOwners, lockPartitions } from "../../stored/partition-owners.ts";
import { leaveTable, removeFill } from "../../stored/projection-fills.ts";
import {
  lockTables,
  putInUse,
  readProjections,
  type StoredProjection,
  takeOutOfUse,
  viewText,
} from "../../stored/projection-tables.ts";
import { backOffMs, sleep } from "../shell-context.ts";
import type { Filling } from "./entity-rows.ts";
import { beginFill, type FillProgress, fillProjection, finishFill, NotCaughtUp } from "./fill-projection.ts";
import { finishProjections, sqlStateOf } from "./finish-projections.ts";

/** The store has other projections than the code of this process: it takes over no partition of the domain. */
export class ProjectionsSuperseded extends Error {
  constructor(differences: readonly string[]) {
    super(differences.join("; "));
  }
}

/** A projection of the store's and of a domain's code; undefined where one of the two lacks it. */
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

/** Why turns must not be committed by this code; empty: its projections are those in use. */
export async function projectionDifferences(sql: Sql, domain: Domain): Promise<readonly string[]> {
  return (await pairsOf(sql, domain)).flatMap(({ spec, stored }) => {
    if (!spec) return stored ? unknownText(domain, stored) : [];
    if (!stored) return `the projection ${spec.name} is not in use: the next start, or a reload, makes its table`;
    if (stored.version !== spec.version)
      return `the projection ${spec.name} is version ${stored.version} in the store, and ${spec.version} in this code`;
    return stored.layout === spec.layout ? [] : otherLayoutText(spec);
  });
}

const unknownText = ({ name }: Domain, stored: StoredProjection): string =>
  `the store has the projection ${stored.name}, version ${stored.version}, which this code lacks: if it shall go, ` +
  `rollcall projections drop ${stored.name} --domain ${name}`;

const otherLayoutText = ({ name, version }: ProjectionSpec): string =>
  `the projection ${name} has other columns, indexes or another key than its version ${version} in the store: ` +
  "raise the version, in the contract and in code";

const olderText = ({ name, version }: ProjectionSpec, stored: StoredProjection): string =>
  `the projection ${name} is version ${stored.version} in the store, and ${version} in this code: run the newer ` +
  "code; to go back, raise the version once more";

/** Why the store's and the code's can't be brought together. */
function refusalOf(domain: Domain, { spec, stored }: Pair, given: Changing): readonly string[] {
  if (!stored) return [];
  if (!spec) return isGone(stored, given) ? [] : [unknownText(domain, stored)];
  if (spec.version < stored.version) return [olderText(spec, stored)];
  return spec.version === stored.version && spec.layout !== stored.layout ? [otherLayoutText(spec)] : [];
}

/** What a log has can't be computed again: it is dropped by name alone. */
const isGone = ({ name }: StoredProjection, { former = [] }: Changing): boolean =>
  former.some((spec) => spec.name === name && spec.kind !== "log");

const isOther = ({ spec, stored }: Pair): boolean => spec?.version !== stored?.version;
const isViewOther = ({ spec, stored }: Pair): boolean =>
  spec !== undefined && stored !== undefined && stored.view !== viewText(spec);

function refuse(reasons: readonly string[]): void {
  if (reasons.length > 0) throw new Fault("PROJECTIONS_REFUSED", reasons.join("; "), { retryable: false });
}

export interface Changing {
  /** Those that this process has served until now: of them, what the code lacks shall go. */
  readonly former?: readonly ProjectionSpec[] | undefined;
  readonly onFilled?: ((progress: FillProgress) => void) | undefined;
  /** Told each time that the last round has to be tried again. */
  readonly onWaiting?: ((reason: string) => void) | undefined;
  /** Asked between any two transactions: then it is given up, and the next time goes on with it. */
  readonly isCancelled?: (() => boolean) | undefined;
}

/** So often the last round is tried: a turn that hangs is ended by the server before. */
const TRIES_MAX = 30;
/** For so long turns wait for one that hangs. */
const LOCK_WAIT_MS = 2_000;

/**
 * Brings the projections of a domain to those of its code while others serve it: tables are made and filled, and caught
 * up with what turns change meanwhile; the rest is done by `last` in one transaction, after which no turn of a process
 * with other ones is committed. What a crash leaves is gone on with. Nothing is written when all is as it should be.
 * @param putInForce may call `last` in a transaction of its own, before it is committed, and rejects with what that
 * rejects with. What it does is done again when the last round has to be
 * @returns what that resolves with
 * @throws Fault PROJECTIONS_REFUSED, not retryable: the store has others, this role may not make tables, or the last
 * round could not be done
 */
export async function changeProjections<Result>(
  filling: Filling,
  changing: Changing,
  putInForce: (last: (tx: Sql) => Promise<void>) => Promise<Result>,
): Promise<Result> {
  const { store, domain, clock } = filling;
  for (let failures = 0; ;) {
    const isChanged = await prepareTables(filling, changing);
    let isDone = !isChanged;
    const last = async (tx: Sql): Promise<void> => {
      if (!isChanged) return;
      await switchProjections(filling, tx, changing);
      isDone = true;
    };
    try {
      const result = await putInForce(last);
      if (!isDone) await store.transaction(last);
      if (isChanged) await finishProjections(store, domain.name).catch(() => {});
      return result;
    } catch (error) {
      if (!(error instanceof NotCaughtUp || isLockTimeout(error))) throw error;
      const reason = error instanceof NotCaughtUp ? error.message : "a turn keeps its partition locked";
      changing.onWaiting?.(reason);
      if (++failures > TRIES_MAX) refuse([`the change of ${domain.name} can't be put in force: ${reason}`]);
      await sleep(clock, backOffMs(failures));
    }
  }
}

/** For who has nothing else to put in force. As `changeProjections`. */
export const prepareProjections = (filling: Filling, changing: Changing = {}): Promise<void> =>
  changeProjections(filling, changing, async () => {});

/** @returns whether anything is left for the last round */
async function prepareTables(filling: Filling, changing: Changing): Promise<boolean> {
  const { store, domain } = filling;
  const pairs = await pairsOf(store, domain);
  refuse(pairs.flatMap((pair) => refusalOf(domain, pair, changing)));
  const specs = pairs.flatMap((pair) => (pair.spec && isOther(pair) ? [pair.spec] : []));
  try {
    for (const spec of specs)
      await store.transaction(async (tx) => {
        await lockTables(tx);
        await beginFill(tx, spec);
      });
  } catch (error) {
    if (sqlStateOf(error) !== INSUFFICIENT_PRIVILEGE) throw error;
    const names = specs.map(({ name }) => name).join(", ");
    refuse([
      `this role may not make tables (${(error as Error).message}), and these projections need theirs: ${names}. ` +
        "Run `rollcall migrate` as the tables' owner",
    ]);
  }
  const { isCancelled = () => false, onFilled = () => {} } = changing;
  for (const spec of specs)
    if (spec.kind !== "log" && !(await fillProjection(filling, spec, onFilled, isCancelled)))
      refuse([`the change of ${spec.name} was given up: it is gone on with by the next reload, or start`]);
  return pairs.some((pair) => isOther(pair) || isViewOther(pair));
}

const INSUFFICIENT_PRIVILEGE = "42501";
const isLockTimeout = (error: unknown): boolean => sqlStateOf(error) === "55P03";

/** So that turns wait for a turn that hangs for a short time only. */
export const limitLockWait = (tx: Sql): Promise<unknown> => tx.query(`set local lock_timeout to ${LOCK_WAIT_MS}`);

/** Locks as a change of contracts does: no turn is committed under two versions. */
async function switchProjections(filling: Filling, tx: Sql, changing: Changing): Promise<void> {
  const { domain } = filling;
  await limitLockWait(tx);
  await lockPartitions(tx, domain.name);
  await lockTables(tx);
  const pairs = await pairsOf(tx, domain);
  refuse(pairs.flatMap((pair) => refusalOf(domain, pair, changing)));
  const others = pairs.filter(isOther);
  for (const { spec, stored } of others) {
    if (spec?.kind === "log") await removeFill(tx, spec);
    else if (spec) await finishFill(filling, tx, spec);
    if (stored) {
      if (!spec) await takeOutOfUse(tx, domain.name, stored.name);
      await leaveTable(tx, { ...stored, domain: domain.name });
    }
    if (spec) await putInUse(tx, spec);
  }
  for (const { spec } of pairs.filter((pair) => !isOther(pair) && isViewOther(pair)))
    if (spec) await putInUse(tx, spec);
  if (others.length > 0) await fenceOwners(tx, domain.name);
}
