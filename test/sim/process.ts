import type { Domain } from "../../runtime/core/domain.ts";
import { Fault } from "../../runtime/core/fault.ts";
import type { EventBus } from "../../runtime/ports/event-bus.ts";
import type { Store } from "../../runtime/ports/store.ts";
import type { ServiceRegistry } from "../../effects/service-catalog/service-registry.ts";
import { putInForce } from "../../runtime/shell/contract-in-force.ts";
import { Runtime } from "../../runtime/shell/runtime.ts";
import type { ShellEvent } from "../../runtime/shell/shell-event.ts";
import type { Broker } from "./broker.ts";
import { type SimCatalog, SimRegistry } from "./catalog.ts";
import { type Database, SimStore } from "./database.ts";
import { Machine } from "./machine.ts";
import { SimBus } from "./sim-bus.ts";
import type { Network } from "./network.ts";
import type { SimulatedDomain } from "./simulated-domain.ts";

/** So few that entities are pushed out of memory and read again. */
const ENTITIES_MAX = 9;

/** The ports that a process is given; a planted defect may wrap one of them. */
export interface Ports {
  readonly bus: EventBus;
  readonly store: Store;
  readonly registry: ServiceRegistry;
}
export interface ProcessEnvironment {
  readonly network: Network;
  readonly broker: Broker;
  readonly database: Database;
  readonly catalog: SimCatalog;
  readonly domain: SimulatedDomain;
  readonly plantDefect: (ports: Ports, machine: Machine) => Ports;
  readonly planAheadMessagesMin: number;
  /** Hash of the contracts in force; undefined: those that are shipped. */
  readonly contracts: string | undefined;
  observe(machine: Machine, event: ShellEvent): void;
  /** Other contracts came in force: the process stops, and another starts with those. */
  superseded(process: Process): void;
  /** The shell reported that it can't go on. */
  failed(machine: Machine, error: unknown): void;
}

/** One start of the product: its real shell on a machine's ports. */
export class Process {
  readonly machine: Machine;
  readonly #runtime: Runtime;
  readonly #environment: ProcessEnvironment;
  readonly #store: Store;
  readonly #domain: Domain;

  constructor(name: string, environment: ProcessEnvironment, wallOffsetMs: number) {
    const { network, broker, database, catalog, domain } = environment;
    const machine = new Machine(name, network.scheduler, network.random, wallOffsetMs);
    const { bus, store, registry } = environment.plantDefect(
      {
        bus: new SimBus(broker, machine),
        store: new SimStore(database, machine),
        registry: new SimRegistry(catalog, machine),
      },
      machine,
    );
    this.machine = machine;
    this.#environment = environment;
    this.#store = store;
    this.#domain = domain.domainOn(registry, store, environment.contracts);
    this.#runtime = new Runtime({
      domain: this.#domain,
      bus,
      store,
      clock: machine.clock,
      owner: name,
      partitions: broker.partitions,
      limits: { entitiesMax: ENTITIES_MAX, planAheadMessagesMin: environment.planAheadMessagesMin },
      observe: (event) => environment.observe(machine, event),
      onFatal: (error) => environment.failed(machine, error),
      onSuperseded: () => environment.superseded(this),
    });
    machine.whenDead(() => broker.endSessionLater(machine));
  }

  /**
   * As the command does it: what can't be reached at the start ends the process, and whoever watches it starts another.
   */
  start(): void {
    this.#runtime.start().catch((error: unknown) => {
      if (error instanceof Fault && error.retryable) this.machine.kill();
      else this.#environment.failed(this.machine, error);
    });
  }

  /** As an operator's request to this process would. Whether it succeeds is seen in the store. */
  putContractsInForce(hash: string): void {
    const { contracts: expected } = this.#environment;
    const next: Domain = { ...this.#domain, contractHash: hash };
    void putInForce(this.#store, {
      ...{ expected, current: this.#domain, next, by: this.machine.name },
      saveContracts: async (tx) =>
        void (await tx.query(
          `insert into rollcall.contract_set (hash, domain, files, first_run_at) values ($1, $2, $3::json, now())`,
          [hash, next.name, "{}"],
        )),
    }).catch(() => {});
  }

  /** SIGTERM. */
  stop(left: () => void): void {
    void this.#runtime.stop().then(() => {
      this.machine.kill();
      left();
    });
  }
}
