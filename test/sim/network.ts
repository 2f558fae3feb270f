import { Fault } from "../../runtime/core/fault.ts";
import type { Machine } from "./machine.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

export type ServiceName = "bus" | "store" | "registry";
/** The current faults of a service. Probabilities are per request. */
export interface ServiceFaults {
  down: boolean;
  /** Each way of a request takes up to this much longer. */
  extraDelayMaxMs: number;
  /** Bus only: a fetch takes up to this much longer, independently for each topic. */
  fetchDelayMaxMs: number;
  /** Probability that a request is carried out and its response is lost. */
  responseLost: number;
  /** Probability that only a part of a request is carried out. */
  partlyDone: number;
}
const NO_FAULTS: ServiceFaults = {
  down: false,
  extraDelayMaxMs: 0,
  fetchDelayMaxMs: 0,
  responseLost: 0,
  partlyDone: 0,
};

/** Latency and faults between the machines and the services. */
export class Network {
  readonly scheduler: Scheduler;
  readonly random: Random;
  /**
   * In some histories every reader lags by up to this much, each topic independently, so that deadlines are due before
   * messages are read.
   */
  readLagMaxMs: number;
  readonly faults: Record<ServiceName, ServiceFaults> = {
    bus: { ...NO_FAULTS },
    store: { ...NO_FAULTS },
    registry: { ...NO_FAULTS },
  };

  constructor(scheduler: Scheduler, random: Random) {
    this.scheduler = scheduler;
    this.random = random;
    this.readLagMaxMs = random.chance(0.4) ? random.next() * 1_700 : 0;
  }

  endFaults(): void {
    for (const service of ["bus", "store", "registry"] as const) this.faults[service] = { ...NO_FAULTS };
  }

  oneWayDelayMs(service: ServiceName): number {
    const { extraDelayMaxMs } = this.faults[service];
    return this.random.next() * 3 + (extraDelayMaxMs > 0 ? this.random.next() * extraDelayMaxMs : 0);
  }

  /**
   * Sends a request to a service, which does `work` even if the machine has died by then, and returns its response
   * after another delay. A request that arrives while the service is down fails.
   */
  request<Result>(machine: Machine, service: ServiceName, code: string, work: () => Result): Promise<Result> {
    const { scheduler } = this;
    return new Promise((resolve, reject) => {
      if (!machine.countCall()) return;
      const fail = (what: string): void =>
        void machine.after(this.oneWayDelayMs(service), () => reject(new Fault(code, what, { retryable: true })));
      scheduler.after(this.oneWayDelayMs(service), () => {
        if (this.faults[service].down) return fail(`${service}: not reachable`);
        let result: Result;
        try {
          result = work();
        } catch (error) {
          machine.after(this.oneWayDelayMs(service), () => reject(error as Error));
          return;
        }
        if (this.random.chance(this.faults[service].responseLost)) return fail(`${service}: the response was lost`);
        machine.after(this.oneWayDelayMs(service), () => resolve(result));
      });
    });
  }
}
