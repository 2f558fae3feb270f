import type { WriteResult, ServiceChange, ServiceRegistry } from "../../effects/service-catalog/service-registry.ts";
import { serviceRefused, backendUnavailable } from "../../effects/service-catalog/faults.ts";
import type { Machine } from "./machine.ts";
import type { Network } from "./network.ts";

/** The catalogue refuses it for good. */
export const REFUSED_ADDRESS = "0.0.0.0";

export interface Service {
  readonly owner: string;
  readonly version: number;
  readonly nodeId: string;
  readonly address: string | null;
  readonly port: number | null;
  readonly status: "passing" | "critical";
  /** Removed; kept so that a late write of an older version is still refused. */
  readonly isRemoved: boolean;
}

/**
 * The service catalog that all processes write to. Knows the port's rules: owner, versions, what it refuses for good.
 */
export class SimCatalog {
  readonly services = new Map<string, Service>();
  readonly network: Network;
  /** The mark of the domain that writes to it. */
  readonly owner: string;
  /** Every change that was made or found to be served already. */
  onApplied: (change: ServiceChange) => void = () => {};

  constructor(network: Network, domain: string) {
    this.network = network;
    this.owner = `rollcall/dev/${domain}`;
  }

  get(serviceId: string): Service | undefined {
    const service = this.services.get(serviceId);
    return service?.isRemoved ? undefined : service;
  }

  apply(change: ServiceChange): WriteResult {
    const { serviceId, version } = change;
    const held = this.services.get(serviceId);
    const isOurs = held?.owner === this.owner;
    if (change.kind === "register" && change.entry.address === REFUSED_ADDRESS)
      return serviceRefused("Invalid service address");
    if (held && !held.isRemoved && !isOurs)
      return change.kind === "register" ? serviceRefused("the service id belongs to another owner") : "unchanged";
    this.onApplied(change);
    if (held && isOurs && held.version > version) return "unchanged";
    if (change.kind === "register") {
      const { nodeId, address, port, check } = change.entry;
      this.services.set(serviceId, {
        owner: this.owner,
        version,
        nodeId,
        address,
        port,
        status: check.status,
        isRemoved: false,
      });
    } else if (change.kind === "set_status") {
      if (!held || held.isRemoved) return "unchanged";
      this.services.set(serviceId, { ...held, version, status: change.check.status });
    } else {
      const gone = { owner: this.owner, nodeId: "", address: null, port: null, status: "critical" } as const;
      this.services.set(serviceId, { ...(held ?? gone), version, isRemoved: true });
    }
    return "written";
  }
}

/** A machine's way to it: the product's `ServiceRegistry`. Never rejects. */
export class SimRegistry implements ServiceRegistry {
  readonly #catalog: SimCatalog;
  readonly #machine: Machine;

  constructor(catalog: SimCatalog, machine: Machine) {
    this.#catalog = catalog;
    this.#machine = machine;
  }

  apply(changes: readonly ServiceChange[], _signal: AbortSignal): Promise<readonly WriteResult[]> {
    const { network } = this.#catalog;
    const { faults, random } = network;
    return network
      .request(this.#machine, "registry", "UNAVAILABLE", () => {
        const isHalf = random.chance(faults.registry.partlyDone);
        return changes.map((change) => {
          const isDone = !isHalf || random.chance(0.5);
          const isSaid = !isHalf || random.chance(0.5);
          const ending = isDone ? this.#catalog.apply(change) : backendUnavailable("not done");
          return isSaid ? ending : backendUnavailable("it is not known whether it was done");
        });
      })
      .catch((error: unknown) => changes.map(() => backendUnavailable(String(error), error)));
  }
}
