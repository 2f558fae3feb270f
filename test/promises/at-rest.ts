import type { EntityHistory } from "./entity-history.ts";
import { groupBy } from "../../runtime/shell/group-by.ts";
import type { AtRest } from "./history.ts";
import type { PromiseId, Report } from "./promises.ts";

type Say = (promise: PromiseId, what: string) => void;

/**
 * G10: events, registrations, rows and catalog agree. G2: each attempt has come to an end. G6: nothing was overwritten
 * by something older.
 */
export function judgeAtRest(entities: ReadonlyMap<string, EntityHistory>, found: AtRest, report: Report): void {
  const servicesOf = groupBy(found.services, ({ entityId }) => entityId);
  const rowsOf = found.rows && groupBy(found.rows, ({ entityId }) => entityId);
  for (const entity of entities.values()) {
    const say: Say = (promise, what) => report(promise, `${entity.id} (${entity.state} by its events): ${what}`);
    if (entity.isUnderWay) say("G2", "its attempt has not come to an end");
    const registration = found.registrations.get(entity.id);
    if (registration?.state !== entity.state) say("G10", `its registration says ${String(registration?.state)}`);
    if (registration && registration.seq !== entity.seq)
      say("G10", `its registration is at entity_seq ${registration.seq}, the log at ${entity.seq}`);
    judgeServices(entity, servicesOf.get(entity.id) ?? [], found.refusedHost, say);
    if (rowsOf) judgeRows(entity, rowsOf.get(entity.id) ?? [], say);
  }
  for (const { serviceId, entityId } of found.services)
    if (!entities.has(entityId)) report("G10", `${serviceId}: in the catalog, and no event speaks of it`);
  for (const { entityId } of found.rows ?? [])
    if (!entities.has(entityId)) report("G10", `${entityId}: in node_registrations, and no event speaks of it`);
}

function judgeServices(
  entity: EntityHistory,
  own: AtRest["services"],
  refusedHost: string | undefined,
  say: Say,
): void {
  const list = own.map(({ serviceId, address, isPassing }) => `${serviceId} ${address} ${isPassing}`).join(", ");
  if (entity.state !== "ACTIVE") {
    if (own.length > 0) say("G10", `the catalog has ${list}`);
    return;
  }
  const { endpoint } = entity;
  if (endpoint !== null && endpoint.host === refusedHost) {
    if (own.length !== 1 || !own[0]?.isPassing)
      say("G10", `the catalog has [${list}], not the entry of before, passing`);
    return;
  }
  const address = endpoint === null ? ":null" : `${endpoint.host}:${endpoint.port}`;
  if (list !== `${entity.serviceId} ${address} true`)
    say("G10", `the catalog has [${list}], not ${entity.serviceId} at ${address}, passing`);
  for (const { version } of own)
    if (version !== undefined && version < entity.stateSeq)
      say("G6", `its service is of version ${version}, ${entity.stateSeq} was written`);
}

function judgeRows(entity: EntityHistory, rows: NonNullable<AtRest["rows"]>, say: Say): void {
  if (entity.state === "ACTIVE" && rows.length !== 1) say("G10", `node_registrations has ${rows.length} rows`);
  for (const { status, version } of rows) {
    if (status !== entity.state) say("G10", `its row says ${String(status)}`);
    if (version > entity.seq) say("G10", `its row is of version ${version}, the log ends at ${entity.seq}`);
    if (version < entity.stateSeq) say("G6", `its row is of version ${version}, ${entity.stateSeq} was written`);
  }
}
