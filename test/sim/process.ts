import { openFollowing } from "../../app/host/following.ts";
import type { Domain } from "../../runtime/core/domain.ts";
import { Fault } from "../../runtime/core/fault.ts";
import type { EventBus } from "../../runtime/ports/event-bus.ts";
import type { Store } from "../../runtime/ports/store.ts";
import type { ServiceRegistry } from "../../effects/service-catalog/service-registry.ts";
import { changeProjections } from "../../runtime/shell/projections/change-projections.ts";
import { putInForce } from "../../runtime/shell/contract-in-force.ts";
import { Runtime } from "../../runtime/shell/runtime.ts";
import type { Followers } from "../../runtime/shell/follow/followers.ts";
import type { ShellEvent } from "../../runtime/shell/shell-event.ts";
import { addContractSet } from "../../runtime/stored/contract-sets.ts";
import type { Broker } from "./broker.ts";
import { type SimCatalog, SimRegistry } from "./catalog.ts";
import { type Database, SimStore } from "./database.ts";
import { type NoticeBoard, SimNotices } from "./following/sim-notices.ts";
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
export interface Versions {
  readonly hash: string;
  readonly stateVersion: number;
}
export interface ProcessEnvironment {
  readonly network: Network;
  readonly broker: Broker;
  readonly database: Database;
  readonly catalog: SimCatalog;
  readonly notices: NoticeBoard;
  readonly domain: SimulatedDomain;
  readonly plantDefect: (ports: Ports, machine: Machine) => Ports;
  readonly planAheadMessagesMin: number;
  /** What is in force; undefined: nothing yet, so the shipped contracts come. */
  readonly inForce: Versions | undefined;
  /** Of entities' data, in the code that this process is started with. */
  readonly stateVersion: number;
  /** Of its projections, which it brings with it. */
  readonly views: number;
  observe(machine: Machine, event: ShellEvent): void;
  /** Other contracts came in force: the process stops, and another starts with those. */
  superseded(process: Process): void;
  /** The shell reported that it can't go on. */
  failed(machine: Machine, error: unknown): void;
}

/** One start of the product: its real shell on a machine's ports. */
export class Process {
  readonly machine: Machine;
  #runtime: Runtime;
  readonly #following: ReturnType<typeof openFollowing>;
  readonly #environment: ProcessEnvironment;
  readonly #store: Store;
  #domain: Domain;
  /** As far as it knows. */
  #inForce: Versions | undefined;
  #isStopping = false;
  #isReloading = false;
  #reloads = 0;
  #views: number;

  constructor(name: string, environment: ProcessEnvironment, wallOffsetMs: number) {
    const { network, broker, domain, inForce } = environment;
    this.machine = new Machine(name, network.scheduler, network.random, wallOffsetMs);
    this.#environment = environment;
    this.#inForce = inForce;
    this.#views = environment.views;
    const ports = this.#openPorts();
    this.#store = ports.store;
    this.#domain = this.#domainOn(ports);
    this.#runtime = this.#runtimeOn(ports);
    this.#following = openFollowing({
      ...{ name: domain.name, store: ports.store, clock: this.machine.clock },
      notices: new SimNotices(environment.notices, this.machine),
      runtime: { contracts: this, status: () => this.#status() },
    });
    this.machine.whenDead(() => broker.endSessionLater(this.machine));
  }

  /** As the host has it: a reload leaves the number of partitions as it is. */
  #status(): ReturnType<Runtime["status"]> {
    const status = this.#runtime.status();
    return {
      ...status,
      partitions: status.partitions || (this.#reloads > 0 ? this.#environment.broker.partitions : 0),
    };
  }

  #openPorts(): Ports {
    const { broker, database, catalog, plantDefect } = this.#environment;
    const { machine } = this;
    return plantDefect(
      {
        bus: new SimBus(broker, machine),
        store: new SimStore(database, machine),
        registry: new SimRegistry(catalog, machine),
      },
      machine,
    );
  }

  #domainOn({ registry, store }: Ports): Domain {
    const { domain, stateVersion } = this.#environment;
    return { ...domain.domainOn(registry, store, this.#inForce?.hash), ...domain.viewsOf?.(this.#views), stateVersion };
  }

  #runtimeOn({ bus, store }: Ports): Runtime {
    const { broker, planAheadMessagesMin } = this.#environment;
    const { machine } = this;
    const runtime: Runtime = new Runtime({
      ...{ domain: this.#domain, bus, store, clock: machine.clock, partitions: broker.partitions },
      owner: this.#reloads === 0 ? machine.name : `${machine.name}.${this.#reloads}`,
      limits: { entitiesMax: ENTITIES_MAX, planAheadMessagesMin },
      observe: (event) => {
        this.#following.observe(event);
        this.#environment.observe(machine, event);
      },
      onFatal: (error) => this.#environment.failed(machine, error),
      onSuperseded: () => void (this.#runtime === runtime && this.#environment.superseded(this)),
    });
    return runtime;
  }

  get domain(): Domain {
    return this.#domain;
  }

  /** Tells callers of this process what became of their messages. */
  get followers(): Followers {
    return this.#following.followers;
  }

  /** What it takes for the broker's time. */
  get brokerTimeMs(): number {
    return this.#runtime.brokerTimeMs;
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Whether it takes requests. */
  get isServing(): boolean {
    return this.machine.isRunning && !this.#isStopping && this.#runtime.status().partitions > 0;
  }

  /**
   * Runs other contracts that came in force, as the host does it: the process stays, and so do those who follow.
   * @returns false when its code is too old for that
   */
  reload(inForce: Versions | undefined, views: number): boolean {
    if (this.#isReloading) return true;
    if (this.#isStopping || (inForce?.stateVersion ?? 1) > this.#environment.stateVersion) return false;
    this.#isReloading = true;
    void this.#runtime.stop().then(() => {
      this.#isReloading = false;
      if (this.#isStopping) return;
      this.#reloads++;
      this.#inForce = inForce;
      this.#views = views;
      const ports = this.#openPorts();
      this.#domain = this.#domainOn(ports);
      this.#runtime = this.#runtimeOn(ports);
      this.start();
    });
    return true;
  }

  /**
   * As the command does it: what can't be reached at the start ends the process, and whoever watches it starts another.
   */
  start(): void {
    this.#putStateVersionInForce()
      .then(() => this.#changeViews(this.#domain, () => false))
      .then(() => this.#runtime.start())
      .catch((error: unknown) => {
        const isOlder = error instanceof Fault && error.code === "PROJECTIONS_REFUSED";
        if (isOlder || (error instanceof Fault && error.retryable)) this.machine.kill();
        else this.#environment.failed(this.machine, error);
      });
  }

  async #changeViews(domain: Domain, isCancelled: () => boolean): Promise<void> {
    if (!this.#environment.domain.viewsOf) return;
    await changeProjections({ store: this.#store, domain, clock: this.machine.clock }, { isCancelled }, async () => {});
  }

  /** As a reload brings them: it serves meanwhile, and then those. */
  changeViews(version: number): void {
    const current = this.#runtime;
    const isCancelled = (): boolean => this.#isStopping || this.#runtime !== current;
    this.#changeViews({ ...this.#domain, ...this.#environment.domain.viewsOf?.(version) }, isCancelled).then(
      () => this.#runtime === current && this.reload(this.#inForce, version),
      () => {},
    );
  }

  get inForce(): Versions | undefined {
    return this.#inForce;
  }

  /** A process with newer code does so at its start. One with older code is refused by the shell alone here. */
  async #putStateVersionInForce(): Promise<void> {
    const { stateVersion } = this.#environment;
    if (stateVersion <= (this.#inForce?.stateVersion ?? 1)) return;
    const reasons = await this.#putInForce(this.#domain);
    // Another process was faster.
    if (reasons.length > 0) throw new Fault("STORE_UNAVAILABLE", reasons.join(), { retryable: true });
    this.#inForce = { hash: this.#domain.contractHash, stateVersion };
  }

  /** As an operator's request to this process would. Whether it succeeds is seen in the store. */
  putContractsInForce(hash: string): void {
    void this.#putInForce({ ...this.#domain, contractHash: hash }).catch(() => {});
  }

  #putInForce(next: Domain): Promise<string[]> {
    const { contractHash: hash, name } = next;
    return putInForce(this.#store, {
      ...{ expected: this.#inForce, current: this.#domain, next, by: this.machine.name },
      saveContracts: (tx) => addContractSet(tx, name, { hash, files: {} }),
    });
  }

  /** SIGTERM. */
  stop(left: () => void): void {
    this.#isStopping = true;
    this.#following.close();
    void this.#runtime.stop().then(() => {
      this.machine.kill();
      left();
    });
  }
}
