import { setTimeout as sleep } from "node:timers/promises";
import { copyContracts, type Edit } from "../blackbox/contracts-copy.ts";
import type { Program } from "../blackbox/program.ts";
import type { RealOptions, RealSystem } from "../blackbox/real-system.ts";
import type { ServiceAddresses } from "../real/services/service-addresses.ts";
import { waitUntil } from "../real/services/wait-until.ts";
import type { Figures } from "./fault.ts";
import type { FaultDomain, Load, LoadOptions } from "./fault-domain.ts";

/** What G10 allows until everything agrees, and as much again for a machine that does other things too. */
const REST_MS = 120_000;
const BROKEN_SHOWN_MAX = 20;
/** A secret of the processes, which none of their output may contain. */
const DATABASE_PASSWORD = "canary-of-postgres";

/** What a fault works with: systems, loads and their end. */
export class Stage<World extends RealSystem> {
  readonly services: ServiceAddresses;
  readonly domain: FaultDomain<World>;
  readonly broken: string[] = [];
  readonly #atEnd: (() => unknown)[] = [];
  readonly #worlds: World[] = [];

  constructor(domain: FaultDomain<World>, services: ServiceAddresses) {
    this.domain = domain;
    this.services = services;
  }

  /** A system of its own, with the shortest session that Kafka allows. */
  async world(options: RealOptions & { readonly edits?: readonly Edit[] } = {}): Promise<World> {
    const contracts = this.contractsCopy(options.edits);
    const world = await this.domain.open(this.services, {
      ...options,
      contractsDir: contracts.dir,
      databasePassword: DATABASE_PASSWORD,
      environment: { KAFKA_SESSION_TIMEOUT_MS: "6000", ROLLCALL_LOG_LEVEL: "info", ...options.environment },
    });
    this.#worlds.push(world);
    this.atEnd(() => world.close());
    return world;
  }

  /** The domain's contracts, edited; removed at the end. */
  contractsCopy(edits: readonly Edit[] = []): { readonly dir: string } {
    const copy = copyContracts(this.domain.contracts, edits);
    this.atEnd(() => copy.remove());
    return copy;
  }

  load(world: World, options: LoadOptions): Load {
    const load = this.domain.startLoad(world, options);
    this.atEnd(() => load.kill());
    return load;
  }

  /** Undone in the opposite order, whatever happens. */
  atEnd(undo: () => unknown): void {
    this.#atEnd.push(undo);
  }

  async end(): Promise<void> {
    for (const undo of this.#atEnd.splice(0).reverse()) {
      try {
        await undo();
      } catch (error) {
        console.error(`while cleaning up: ${String(error)}`);
      }
    }
    for (const leak of this.#worlds.flatMap(({ leaks }) => leaks)) this.broken.push(`a secret was told: ${leak}`);
  }

  expect(isKept: boolean, promise: string): void {
    if (!isKept) this.broken.push(promise);
  }

  /** For so many milliseconds, again and again. */
  async during(ms: number, act: () => Promise<unknown>): Promise<number> {
    const untilMs = performance.now() + ms;
    let times = 0;
    for (; performance.now() < untilMs; times++) await act();
    return times;
  }

  /** Resolves when so many entities of its loads are done. */
  async untilDone(world: World, entities: number, timeoutMs = 180_000): Promise<void> {
    const { doneIn } = this.domain;
    await waitUntil(
      async () => {
        const [row] = await world.query<{ count: number }>(
          `select count(*)::int as count from rollcall.entity where state = '${doneIn}'`,
        );
        if ((row?.count ?? 0) < entities) throw new Error(`${row?.count} of ${entities} are ${doneIn}`);
      },
      { what: "the entities", timeoutMs },
    );
  }

  /**
   * Waits until all entities of the loads are done, then until the judge finds nothing, while they are kept alive; then
   * ends the loads.
   */
  async settle(world: World, loads: readonly Load[], more: object = {}): Promise<Figures> {
    const startedMs = performance.now();
    const entities = loads.reduce((sum, load) => sum + load.entities, 0);
    await this.untilDone(world, entities).catch((error: unknown) => this.expect(false, `G2 ${String(error)}`));
    const judged = await this.judge(world, more);
    const settledSeconds = Math.round((performance.now() - startedMs) / 100) / 10;
    const summaries = await Promise.all(loads.map((load) => load.end()));
    const sum = (of: "expired" | "timedOut" | "rejected" | "messagesSent"): number =>
      summaries.reduce((total, summary) => total + summary[of], 0);
    this.expect(sum("rejected") === 0, `G11 ${sum("rejected")} entities were rejected for trouble that was not theirs`);
    // The judge checks whether one that expired was alive: its messages may be cut off as well.
    const figures = { entities, sent: sum("messagesSent"), expired: sum("expired"), timedOut: sum("timedOut") };
    return { ...figures, ...judged, settledSeconds };
  }

  /** The judge's result, as soon as it finds nothing, or after the time allowed. */
  async judge(world: World, more: object = {}): Promise<Figures> {
    const untilMs = performance.now() + REST_MS;
    for (;;) {
      // A process that does not answer in time is asked again.
      const found = await this.domain.judge(world, more).catch((error: unknown) => {
        if (performance.now() >= untilMs) throw error;
      });
      if (!found || (found.broken.length > 0 && performance.now() < untilMs)) {
        await sleep(500);
        continue;
      }
      const { evidence, broken } = found;
      this.broken.push(...broken.slice(0, BROKEN_SHOWN_MAX));
      if (broken.length > BROKEN_SHOWN_MAX) this.broken.push(`… and ${broken.length - BROKEN_SHOWN_MAX} more`);
      const ids = new Set(evidence.records.map(({ kafka }) => kafka?.headers["message_id"]));
      return {
        events: ids.size,
        repeats: evidence.records.length - ids.size,
        deadLetters: evidence.deadLetters?.length ?? 0,
      };
    }
  }
}

/** The sum of a metric over its labels, as a process reports it. */
export async function metricOf(program: Program | undefined, name: string): Promise<number> {
  const answer = await fetch(`${program?.url}/metrics`, { signal: AbortSignal.timeout(10_000) });
  return (await answer.text())
    .split("\n")
    .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
    .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}
