import type { Sql, SqlValue } from "../../runtime/ports/store.ts";
import type { Catalog, CatalogEntry } from "../service-catalog/service-discovery.ts";
import { consulRefused, unavailable } from "../service-catalog/faults.ts";
import {
  type Ending,
  type Held,
  ownerMark,
  type Registration,
  type Removal,
  type Scope,
  type ServiceChange,
  type ServiceHoldings,
  type ServiceRegistry,
  type StatusChange,
} from "../service-catalog/service-registry.ts";
import { isolateRefused } from "../isolate-refused.ts";
import { roundsOf } from "../distinct-target-rounds.ts";
import { DEREGISTER, HELD, OWNED_BY_OTHERS, REGISTER, SERVICES, SET_STATUS } from "./statements.ts";

/** Consul refuses them as well: who finds such a service reaches its own machine. */
const ANY_ADDRESSES: ReadonlySet<string> = new Set(["0.0.0.0", "::", "[::]"]);

/** The service catalogue where there is no Consul: a table, with the same effects and the same answers. */
export class TableCatalog implements ServiceRegistry, ServiceHoldings, Catalog {
  readonly #sql: Sql;
  readonly #owner: string;

  constructor(sql: Sql, scope: Scope) {
    this.#sql = sql;
    this.#owner = ownerMark(scope);
  }

  async apply(changes: readonly ServiceChange[], signal: AbortSignal): Promise<readonly Ending[]> {
    const endings = new Map<ServiceChange, Ending>();
    for (const round of roundsOf(changes, ({ serviceId }) => serviceId)) {
      for (const change of round) if (isAnywhere(change)) endings.set(change, consulRefused("Invalid service address"));
      const open = round.filter((change) => !endings.has(change));
      const registrations = open.filter((change) => change.kind === "register");
      await this.#write(registrations, (part) => this.#register(part, endings), endings, signal);
      const statusChanges = open.filter((change) => change.kind === "set_status");
      await this.#write(statusChanges, (part) => this.#setStatus(part), endings, signal);
      const removals = open.filter((change) => change.kind === "deregister");
      await this.#write(removals, (part) => this.#deregister(part), endings, signal);
    }
    return changes.map((change) => endings.get(change) ?? unavailable("not tried"));
  }

  async held(): Promise<readonly Held[]> {
    const rows = await this.#ask<Held["service"] & { readonly node_id: string; readonly version: number }>(HELD, [
      this.#owner,
    ]);
    return rows.map(({ node_id: nodeId, version, ...service }) => ({ nodeId, version, service }));
  }

  async services(name: string, passing: boolean): Promise<CatalogEntry[]> {
    return this.#ask<CatalogEntry>(SERVICES, [this.#owner, name, passing]);
  }

  async reach(): Promise<{ readonly version: string }> {
    const [row] = await this.#ask<{ version: string }>("select split_part(version(), ' on ', 1) as version", []);
    return { version: row?.version ?? "unknown" };
  }

  /** `write` resolves to the ids of the services that it wrote. */
  async #write<Kind extends ServiceChange>(
    changes: readonly Kind[],
    write: (part: readonly Kind[]) => Promise<{ readonly service_id: string }[]>,
    endings: Map<ServiceChange, Ending>,
    signal: AbortSignal,
  ): Promise<void> {
    const written = new Set<string>();
    const writeAll = async (part: readonly Kind[]): Promise<void> => {
      for (const { service_id } of await write(part)) written.add(service_id);
    };
    const faults = await isolateRefused(changes, writeAll, "CONSUL_REFUSED", signal);
    changes.forEach((change, index) => {
      const ending = faults[index] ?? (written.has(change.serviceId) ? "written" : "unchanged");
      if (!endings.has(change)) endings.set(change, ending);
    });
  }

  async #register(part: readonly Registration[], endings: Map<ServiceChange, Ending>) {
    const ids = part.map(({ serviceId }) => serviceId);
    const written = await this.#sql.query<{ service_id: string }>(REGISTER, [
      ids,
      this.#owner,
      part.map(({ entry }) => entry.name),
      part.map(({ entry }) => entry.nodeId),
      part.map(({ entry }) => JSON.stringify(entry.tags)),
      part.map(({ entry }) => entry.address),
      part.map(({ entry }) => entry.port),
      part.map(({ entry }) => entry.check.status),
      part.map(({ entry }) => entry.check.note),
      part.map(({ version }) => version),
    ]);
    if (written.length === part.length) return written;
    const rows = await this.#sql.query<{ service_id: string; owner: string }>(OWNED_BY_OTHERS, [ids, this.#owner]);
    const others = new Map(rows.map(({ service_id, owner }) => [service_id, owner]));
    for (const change of part) {
      const owner = others.get(change.serviceId);
      if (owner !== undefined) {
        endings.set(change, consulRefused(`service id ${change.serviceId} is owned by another: ${owner}`));
      }
    }
    return written;
  }

  #setStatus(part: readonly StatusChange[]) {
    return this.#sql.query<{ service_id: string }>(SET_STATUS, [
      part.map(({ serviceId }) => serviceId),
      this.#owner,
      part.map(({ check }) => check.status),
      part.map(({ check }) => check.note),
      part.map(({ version }) => version),
    ]);
  }

  #deregister(part: readonly Removal[]) {
    return this.#sql.query<{ service_id: string }>(DEREGISTER, [
      part.map(({ serviceId }) => serviceId),
      this.#owner,
      part.map(({ version }) => version),
    ]);
  }

  async #ask<Row>(text: string, values: readonly SqlValue[]): Promise<Row[]> {
    return this.#sql.query<Row>(text, values).catch((cause: unknown) => {
      throw unavailable(`the catalogue's table does not answer: ${String(cause)}`, cause);
    });
  }
}

const isAnywhere = (change: ServiceChange): boolean =>
  change.kind === "register" && change.entry.address !== null && ANY_ADDRESSES.has(change.entry.address);
