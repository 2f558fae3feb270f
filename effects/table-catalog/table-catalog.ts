import type { InventoryEntry } from "../../runtime/core/drift.ts";
import type { Sql, SqlValue } from "../../runtime/ports/store.ts";
import type { ServiceDiscovery, DiscoveredService } from "../service-catalog/service-discovery.ts";
import { serviceRefused, backendUnavailable } from "../service-catalog/faults.ts";
import {
  type WriteResult,
  ownerMark,
  type ServiceRegistration,
  type ServiceRemoval,
  type DomainScope,
  type ServiceChange,
  type ServiceInventory,
  type ServiceRegistry,
  type ServiceStatusChange,
} from "../service-catalog/service-registry.ts";
import { hasWildcardAddress } from "../service-catalog/wildcard-address.ts";
import { writeIsolatingRefused } from "../isolate-refused.ts";
import { DEREGISTER, OWNED_SERVICES, OWNED_BY_OTHERS, REGISTER, FIND_SERVICES, SET_STATUS } from "./statements.ts";

/** The service catalog of an installation without Consul: a table, with the same effects and the same results. */
export class TableCatalog implements ServiceRegistry, ServiceInventory, ServiceDiscovery {
  readonly #sql: Sql;
  readonly #owner: string;

  constructor(sql: Sql, scope: DomainScope) {
    this.#sql = sql;
    this.#owner = ownerMark(scope);
  }

  async apply(changes: readonly ServiceChange[], signal: AbortSignal): Promise<readonly WriteResult[]> {
    const results = new Map<ServiceChange, WriteResult>();
    for (const change of changes)
      if (hasWildcardAddress(change)) results.set(change, serviceRefused("Invalid service address"));
    const open = changes.filter((change) => !results.has(change));
    const registrations = open.filter((change) => change.kind === "register");
    await this.#write(registrations, (part) => this.#register(part, results), results, signal);
    const statusChanges = open.filter((change) => change.kind === "set_status");
    await this.#write(statusChanges, (part) => this.#setStatus(part), results, signal);
    const removals = open.filter((change) => change.kind === "deregister");
    await this.#write(removals, (part) => this.#deregister(part), results, signal);
    return changes.map((change) => results.get(change) ?? backendUnavailable("not tried"));
  }

  async list(): Promise<readonly InventoryEntry[]> {
    const rows = await this.#query<InventoryEntry["content"] & { readonly node_id: string; readonly version: number }>(
      OWNED_SERVICES,
      [this.#owner],
    );
    return rows.map(({ node_id: entityId, version, ...content }) => ({ entityId, version, content }));
  }

  async services(name: string, passing: boolean): Promise<DiscoveredService[]> {
    return this.#query<DiscoveredService>(FIND_SERVICES, [this.#owner, name, passing]);
  }

  async probe(): Promise<{ readonly version: string }> {
    const [row] = await this.#query<{ version: string }>("select split_part(version(), ' on ', 1) as version", []);
    return { version: row?.version ?? "unknown" };
  }

  /** `write` resolves to the ids of the services that it wrote. */
  async #write<Kind extends ServiceChange>(
    changes: readonly Kind[],
    write: (part: readonly Kind[]) => Promise<{ readonly service_id: string }[]>,
    results: Map<ServiceChange, WriteResult>,
    signal: AbortSignal,
  ): Promise<void> {
    const written = new Set<string>();
    const writeAll = async (part: readonly Kind[]): Promise<void> => {
      for (const { service_id } of await write(part)) written.add(service_id);
    };
    const faults = await writeIsolatingRefused(changes, writeAll, "CONSUL_REFUSED", signal);
    changes.forEach((change, index) => {
      const result = faults[index] ?? (written.has(change.serviceId) ? "written" : "unchanged");
      if (!results.has(change)) results.set(change, result);
    });
  }

  async #register(part: readonly ServiceRegistration[], results: Map<ServiceChange, WriteResult>) {
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
        results.set(change, serviceRefused(`service id ${change.serviceId} belongs to another owner: ${owner}`));
      }
    }
    return written;
  }

  #setStatus(part: readonly ServiceStatusChange[]) {
    return this.#sql.query<{ service_id: string }>(SET_STATUS, [
      part.map(({ serviceId }) => serviceId),
      this.#owner,
      part.map(({ check }) => check.status),
      part.map(({ check }) => check.note),
      part.map(({ version }) => version),
    ]);
  }

  #deregister(part: readonly ServiceRemoval[]) {
    return this.#sql.query<{ service_id: string }>(DEREGISTER, [
      part.map(({ serviceId }) => serviceId),
      this.#owner,
      part.map(({ version }) => version),
    ]);
  }

  async #query<Row>(text: string, values: readonly SqlValue[]): Promise<Row[]> {
    return this.#sql.query<Row>(text, values).catch((cause: unknown) => {
      throw backendUnavailable(`the catalog's table could not be read: ${String(cause)}`, cause);
    });
  }
}
