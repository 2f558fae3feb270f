import { groupBy } from "../../../runtime/shell/group-by.ts";
import { judgeAtRest } from "../at-rest.ts";
import type { Say } from "../entity-history.ts";
import type { AtRest } from "../history.ts";
import type { Report } from "../promises.ts";
import type { NodeHistory } from "./node-history.ts";

export interface NodesAtRest extends AtRest {
  readonly services: readonly {
    readonly serviceId: string;
    readonly entityId: string;
    /** `host:port`. */
    readonly address: string;
    readonly isPassing: boolean;
    /** Undefined when the catalog does not have it. */
    readonly version?: number;
  }[];
  /** Of node_registrations; undefined when they can't be read. */
  readonly rows?: readonly { readonly entityId: string; readonly status: unknown; readonly version: number }[];
  /** A host that the catalog refuses: an active node that announces it keeps the entry that it had. */
  readonly refusedHost?: string;
}

/** G10: rows and catalog agree with the events too. G6: nothing was overwritten by something older. */
export function judgeNodesAtRest(nodes: ReadonlyMap<string, NodeHistory>, found: NodesAtRest, report: Report): void {
  const servicesOf = groupBy(found.services, ({ entityId }) => entityId);
  const rowsOf = found.rows && groupBy(found.rows, ({ entityId }) => entityId);
  judgeAtRest(nodes, found, report, (node, say) => {
    judgeServices(node, servicesOf.get(node.id) ?? [], found.refusedHost, say);
    if (rowsOf) judgeRows(node, rowsOf.get(node.id) ?? [], say);
  });
  for (const { serviceId, entityId } of found.services)
    if (!nodes.has(entityId)) report("G10", `${serviceId}: in the catalog, and no event speaks of it`);
  for (const { entityId } of found.rows ?? [])
    if (!nodes.has(entityId)) report("G10", `${entityId}: in node_registrations, and no event speaks of it`);
}

function judgeServices(
  entity: NodeHistory,
  own: NodesAtRest["services"],
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

function judgeRows(entity: NodeHistory, rows: NonNullable<NodesAtRest["rows"]>, say: Say): void {
  if (entity.state === "ACTIVE" && rows.length !== 1) say("G10", `node_registrations has ${rows.length} rows`);
  for (const { status, version } of rows) {
    if (status !== entity.state) say("G10", `its row says ${String(status)}`);
    if (version > entity.seq) say("G10", `its row is of version ${version}, the log ends at ${entity.seq}`);
    if (version < entity.stateSeq) say("G6", `its row is of version ${version}, ${entity.stateSeq} was written`);
  }
}
