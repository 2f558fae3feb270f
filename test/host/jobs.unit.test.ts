import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Jobs } from "../../app/host/jobs.ts";
import type { Job, JobContext } from "../../app/host/module.ts";
import { PgliteLocks } from "../../runtime/adapters/pglite/pglite-locks.ts";
import { Fault } from "../../runtime/core/fault.ts";
import type { Locks } from "../../runtime/ports/locks.ts";
import type { ShellEvent } from "../../runtime/shell/shell-event.ts";
import { ManualClock } from "../manual-clock.ts";

/** A job's context whose `publish` does nothing but to ask whether the run is the current one. */
const contextOf = (signal: AbortSignal, assertCurrent: () => void) =>
  ({ signal, publish: async () => assertCurrent() }) as unknown as JobContext;

function hosted(job: Pick<Job, "every" | "run">, clock = new ManualClock(), locks: Locks = new PgliteLocks()) {
  const told: ShellEvent[] = [];
  const served = { domain: "d", job: { name: "j", ...job }, observe: (event: ShellEvent) => void told.push(event) };
  const jobs = new Jobs([{ ...served, context: contextOf }], locks, clock);
  jobs.start();
  const status = () => jobs.status()[0];
  return { clock, jobs, status, errors: () => told.map((event) => (event.kind === "job_failed" ? event.error : "")) };
}
const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve()));

describe("a job", () => {
  it("runs at the start, and then each time its interval has passed since the last run began", async () => {
    let runs = 0;
    const { clock, errors } = hosted({ every: "60s", run: async () => void runs++ });
    await clock.advance(59_000);
    expect(runs).toBe(1);
    await clock.advance(2_000);
    expect(runs).toBe(2);
    await clock.advance(600_000);
    expect(runs).toBe(12);
    expect(errors()).toEqual([]);
  });

  it("is not moved by a clock on the wall that jumps", async () => {
    let runs = 0;
    const { clock } = hosted({ every: "60s", run: async () => void runs++ });
    await clock.advance(1_000);
    clock.wallAtMs += 86_400_000;
    await clock.advance(30_000);
    expect(runs).toBe(1);
    clock.wallAtMs -= 10 * 86_400_000;
    await clock.advance(30_000);
    expect(runs).toBe(2);
  });

  it("never begins before its last run has ended, and says that one is too long", async () => {
    let running = 0;
    let end = (): void => {};
    const run = (): Promise<void> => {
      running++;
      return new Promise<void>((resolve) => (end = resolve)).then(() => void running--);
    };
    const { clock, status, errors } = hosted({ every: "10s", run });
    await clock.advance(100_000);
    expect(running).toBe(1);
    expect(errors()).toEqual([expect.stringMatching(/^its run goes on after 10s, when the next one was due/)]);
    expect(status()?.failure).toMatchObject({ times: 1 });
    end();
    await clock.advance(1_000);
    expect(running).toBe(1);
    expect(status()?.failure).toBeNull();
  });

  it("that fails is told, and runs again when it is due", async () => {
    let runs = 0;
    const run = async (): Promise<void> => {
      if (++runs < 3) throw new Error(`no answer ${runs}`);
    };
    const { clock, status, errors } = hosted({ every: "10s", run });
    await clock.advance(11_000);
    expect(errors()).toEqual(["no answer 1", "no answer 2"]);
    expect(status()).toMatchObject({ isHere: true, failure: { times: 2, error: "no answer 2" } });
    await clock.advance(10_000);
    expect(status()?.failure).toBeNull();
  });

  it("that throws at once fails as one that rejects", async () => {
    const run = (): never => {
      throw new Error("no such thing");
    };
    const { clock, errors } = hosted({ every: "10s", run });
    await clock.advance(0);
    expect(errors()).toEqual(["no such thing"]);
  });

  it("that always runs is begun anew, later each time that it ends soon", async () => {
    const begunAtMs: number[] = [];
    const clock = new ManualClock();
    hosted({ every: "always", run: async () => void begunAtMs.push(clock.monotonicMs()) }, clock);
    await clock.advance(200_000);
    expect(begunAtMs).toEqual([0, 1_000, 3_000, 7_000, 15_000, 31_000, 63_000, 123_000, 183_000]);
  });

  it("is ended with its process, and begins no more", async () => {
    let runs = 0;
    const run = async ({ signal }: JobContext): Promise<void> => {
      runs++;
      await untilAborted(signal);
    };
    const { clock, jobs, status } = hosted({ every: "always", run });
    await clock.advance(0);
    expect(status()?.runningSinceMs).toBe(Date.parse("2026-01-01T00:00:00Z"));
    await jobs.stop();
    await clock.advance(100_000);
    expect(runs).toBe(1);
    expect(status()).toMatchObject({ runningSinceMs: null, failure: null });
  });
});

/** Locks of a server, to which each process has a connection of its own that may break. */
class LockServer {
  readonly #clock: ManualClock;
  #holder: { readonly process: number; readonly atMs: number } | undefined;
  readonly unreachable = new Set<number>();

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  locksFor(process: number): Locks {
    return {
      graceMs: 15_000,
      hold: async (names) => {
        if (this.unreachable.has(process)) throw new Fault("STORE_UNAVAILABLE", "cut", { retryable: true });
        const nowMs = this.#clock.monotonicMs();
        const isEnded = this.#holder && nowMs - this.#holder.atMs >= 15_000;
        const wasOwn = this.#holder?.process === process;
        if (isEnded) this.#holder = undefined;
        if (isEnded && wasOwn) throw new Fault("STORE_UNAVAILABLE", "ended", { retryable: true });
        if (this.#holder && !wasOwn) return new Set();
        this.#holder = { process, atMs: nowMs };
        return new Set(names);
      },
      close: async () => this.drop(process),
    };
  }

  /** The connection breaks, and the server sees it at once. */
  drop(process: number): void {
    if (this.#holder?.process === process) this.#holder = undefined;
  }
}

const action = fc.record({
  process: fc.nat({ max: 2 }),
  kind: fc.constantFrom("cut", "drop", "restore"),
  thenMs: fc.integer({ min: 0, max: 40_000 }),
});

describe("processes that have the same job", () => {
  it("never run it at once, while a run ends within 5 s of its signal", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 25 }), fc.nat({ max: 5_000 }), async (actions, endMs) => {
        const clock = new ManualClock();
        const server = new LockServer(clock);
        let running = 0;
        let most = 0;
        let runs = 0;
        const run = async ({ signal }: JobContext): Promise<void> => {
          runs++;
          most = Math.max(most, ++running);
          await untilAborted(signal);
          await new Promise<void>((resolve) => clock.after(endMs, resolve));
          running--;
        };
        const all = [0, 1, 2].map((process) => hosted({ every: "always", run }, clock, server.locksFor(process)));
        for (const { process, kind, thenMs } of actions) {
          if (kind === "restore") server.unreachable.delete(process);
          else server.unreachable.add(process);
          if (kind === "drop") server.drop(process);
          await clock.advance(thenMs);
        }
        // As soon as one is heard again, it runs.
        for (const process of [0, 1, 2]) server.unreachable.delete(process);
        await clock.advance(60_000);
        expect(running).toBe(1);
        expect(runs).toBeGreaterThan(0);
        expect(most).toBe(1);
        expect(all.filter(({ status }) => status()?.isHere)).toHaveLength(1);
      }),
      { numRuns: 60 },
    );
  });

  it("refuse what a run publishes that ignores the loss of its lock", async () => {
    const clock = new ManualClock();
    const server = new LockServer(clock);
    let publish = async (): Promise<void> => {};
    const run = (context: JobContext): Promise<void> => {
      publish = () => context.publish("Any", {});
      return new Promise(() => {});
    };
    const { errors } = hosted({ every: "always", run }, clock, server.locksFor(0));
    await clock.advance(16_000);
    await expect(publish()).resolves.toBeUndefined();
    server.unreachable.add(0);
    await clock.advance(1_000);
    await expect(publish()).rejects.toThrow("its lock can't be kept: Fault: cut");
    await clock.advance(5_000);
    expect(errors()).toEqual([expect.stringMatching(/^its run goes on although it was told to end/)]);
  });

  it("refuse what a run publishes after the process stood still for longer than locks last", async () => {
    const clock = new ManualClock();
    let publish = async (): Promise<void> => {};
    const run = (context: JobContext): Promise<void> => {
      publish = () => context.publish("Any", {});
      return new Promise(() => {});
    };
    hosted({ every: "always", run }, clock, new LockServer(clock).locksFor(0));
    await clock.advance(16_000);
    await expect(publish()).resolves.toBeUndefined();
    // The run's code goes on before anybody has looked at the locks.
    clock.pass(20_000);
    await expect(publish()).rejects.toThrow("the job's lock could not be kept");
  });
});
