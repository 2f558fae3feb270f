import { Fault } from "../../runtime/core/fault.ts";
import type { Machine } from "./machine.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

export type ServiceName = "bus" | "store" | "registry";
/** What is wrong with a place at the moment. Probabilities are per request. */
export interface Trouble {
  down: boolean;
  /** Added to a request's way, at most. */
  slowMs: number;
  /** Of the bus: by how much more records may be late, each topic on its own. */
  fetchMs: number;
  /** It was done, and the answer says that it was not. */
  answerLost: number;
  /** Half of it was done. */
  halfDone: number;
}
const CLEAR: Trouble = { down: false, slowMs: 0, fetchMs: 0, answerLost: 0, halfDone: 0 };

/** Latency and faults between the machines and the services. */
export class Network {
  readonly scheduler: Scheduler;
  readonly random: Random;
  /**
   * In some histories every reader is behind, each topic by up to so much: deadlines are due before messages are read.
   */
  behindMs: number;
  readonly trouble: Record<ServiceName, Trouble> = { bus: { ...CLEAR }, store: { ...CLEAR }, registry: { ...CLEAR } };

  constructor(scheduler: Scheduler, random: Random) {
    this.scheduler = scheduler;
    this.random = random;
    this.behindMs = random.chance(0.4) ? random.next() * 1_700 : 0;
  }

  clear(): void {
    for (const place of ["bus", "store", "registry"] as const) this.trouble[place] = { ...CLEAR };
  }

  oneWayDelayMs(place: ServiceName): number {
    const { slowMs } = this.trouble[place];
    return this.random.next() * 3 + (slowMs > 0 ? this.random.next() * slowMs : 0);
  }

  /**
   * A request: its way there, `work` at the place (whatever has become of the machine by then), the way back. While the
   * place is down it fails, and so does what was under way when it went down.
   */
  request<Result>(machine: Machine, place: ServiceName, code: string, work: () => Result): Promise<Result> {
    const { scheduler } = this;
    return new Promise((resolve, reject) => {
      if (!machine.countCall()) return;
      const fail = (what: string): void =>
        void machine.after(this.oneWayDelayMs(place), () => reject(new Fault(code, what, { retryable: true })));
      scheduler.after(this.oneWayDelayMs(place), () => {
        if (this.trouble[place].down) return fail(`${place}: not reachable`);
        let result: Result;
        try {
          result = work();
        } catch (error) {
          machine.after(this.oneWayDelayMs(place), () => reject(error as Error));
          return;
        }
        if (this.random.chance(this.trouble[place].answerLost)) return fail(`${place}: the answer was lost`);
        machine.after(this.oneWayDelayMs(place), () => resolve(result));
      });
    });
  }
}
