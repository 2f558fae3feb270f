import { Fault } from "../../runtime/core/fault.ts";
import type { EventBus } from "../../runtime/ports/event-bus.ts";
import type { Store } from "../../runtime/ports/store.ts";
import type { ServiceRegistry } from "../../effects/catalogue/service-registry.ts";
import { Runtime } from "../../runtime/shell/runtime.ts";
import type { ShellEvent } from "../../runtime/shell/shell-event.ts";
import type { Broker } from "./broker.ts";
import { type Consul, SimRegistry } from "./consul.ts";
import { type Database, SimStore } from "./database.ts";
import { domainOn } from "./domain.ts";
import { Machine } from "./machine.ts";
import { SimBus } from "./sim-bus.ts";
import type { Weather } from "./weather.ts";

/** So few that entities are pushed out of memory and read again. */
const ENTITIES_MAX = 9;

/** What a process is made of, so that a planted defect can wrap a part of it. */
export interface Ports {
  readonly bus: EventBus;
  readonly store: Store;
  readonly registry: ServiceRegistry;
}
export interface Surroundings {
  readonly weather: Weather;
  readonly broker: Broker;
  readonly database: Database;
  readonly consul: Consul;
  readonly plant: (ports: Ports, machine: Machine) => Ports;
  observe(machine: Machine, event: ShellEvent): void;
  /** The shell said that it can't go on, or left a promise unheard: `error` is why. */
  failed(machine: Machine, error: unknown): void;
}

/** One start of the product: its real shell on a machine's ports. */
export class Process {
  readonly machine: Machine;
  readonly #runtime: Runtime;
  readonly #around: Surroundings;

  constructor(name: string, around: Surroundings, wallOffsetMs: number) {
    const { weather, broker, database, consul } = around;
    const machine = new Machine(name, weather.scheduler, weather.random, wallOffsetMs);
    const { bus, store, registry } = around.plant(
      { bus: new SimBus(broker, machine), store: new SimStore(database, machine), registry: new SimRegistry(consul, machine) },
      machine,
    ); // prettier-ignore
    this.machine = machine;
    this.#around = around;
    this.#runtime = new Runtime({
      domain: domainOn(registry, store),
      bus,
      store,
      clock: machine.clock,
      owner: name,
      partitions: broker.partitions,
      limits: { entitiesMax: ENTITIES_MAX },
      observe: (event) => around.observe(machine, event),
      onFatal: (error) => around.failed(machine, error),
    });
    machine.whenDead(() => broker.watch(machine));
  }

  /** As the command does it: what can't be reached at the start ends the process, and whoever watches it starts another. */
  start(): void {
    this.#runtime.start().catch((error: unknown) => {
      if (error instanceof Fault && error.retryable) this.machine.kill();
      else this.#around.failed(this.machine, error);
    });
  }

  /** SIGTERM. */
  stop(left: () => void): void {
    void this.#runtime.stop().then(() => {
      this.machine.kill();
      left();
    });
  }
}
