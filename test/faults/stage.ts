import { setTimeout as sleep } from "node:timers/promises";
import { type Edit, contractsCopy } from "../blackbox/contracts-copy.ts";
import type { Evidence } from "../blackbox/evidence.ts";
import { judge } from "../blackbox/judge.ts";
import type { Program } from "../blackbox/program.ts";
import { RealWorld, type RealOptions } from "../blackbox/real-world.ts";
import type { ServiceAddresses } from "../real/services/service-addresses.ts";
import { waitUntil } from "../real/services/wait-until.ts";
import type { Figures } from "./fault.ts";
import { type Load, type LoadOptions, startLoad } from "./load.ts";

/** What G10 allows until everything agrees, and as much again for a machine that does other things too. */
const REST_MS = 120_000;
const BROKEN_SHOWN_MAX = 20;
/** Secrets of the processes, which none of their output may contain. */
const SECRETS = { databasePassword: "canary-of-postgres", consulToken: "canary-of-consul" };

/** What a fault works with: systems, loads and their end. */
export class Stage {
  readonly services: ServiceAddresses;
  readonly broken: string[] = [];
  readonly #atEnd: (() => unknown)[] = [];
  readonly #worlds: RealWorld[] = [];

  constructor(services: ServiceAddresses) {
    this.services = services;
  }

  /** A system of its own, with the shortest session that Kafka allows. */
  async world(options: RealOptions & { readonly edits?: readonly Edit[] } = {}): Promise<RealWorld> {
    const contracts = contractsCopy(...(options.edits ?? []));
    this.atEnd(() => contracts.remove());
    const world = await RealWorld.create(this.services, {
      ...options,
      contractsDir: contracts.dir,
      databasePassword: SECRETS.databasePassword,
      environment: {
        KAFKA_SESSION_TIMEOUT_MS: "6000",
        ROLLCALL_LOG_LEVEL: "info",
        CONSUL_HTTP_TOKEN: SECRETS.consulToken,
        ...options.environment,
      },
    });
    this.#worlds.push(world);
    this.atEnd(() => world.close());
    return world;
  }

  load(world: RealWorld, options: LoadOptions): Load {
    const load = startLoad(world, options);
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

  /** Resolves when so many nodes have become ACTIVE. */
  async untilActive(world: RealWorld, nodes: number, timeoutMs = 180_000): Promise<void> {
    await waitUntil(
      async () => {
        const [row] = await world.query<{ count: number }>(
          `select count(*)::int as count from rollcall.entity where state = 'ACTIVE'`,
        );
        if ((row?.count ?? 0) < nodes) throw new Error(`${row?.count} of ${nodes} nodes are ACTIVE`);
      },
      { what: "the nodes", timeoutMs },
    );
  }

  /**
   * Waits until all nodes of the loads are ACTIVE, then until the judge finds nothing, while heartbeats go on; then
   * ends the loads.
   */
  async settle(world: RealWorld, loads: readonly Load[], more: Partial<Evidence> = {}): Promise<Figures> {
    const startedMs = performance.now();
    const nodes = loads.reduce((sum, load) => sum + load.nodes, 0);
    await this.untilActive(world, nodes).catch((error: unknown) => this.expect(false, `G2 ${String(error)}`));
    const judged = await this.judge(world, more);
    const settledSeconds = Math.round((performance.now() - startedMs) / 100) / 10;
    const summaries = await Promise.all(loads.map((load) => load.end()));
    const sum = (of: "expired" | "timedOut" | "rejected" | "messagesSent"): number =>
      summaries.reduce((total, summary) => total + summary[of], 0);
    this.expect(sum("rejected") === 0, `G11 ${sum("rejected")} nodes were rejected for trouble that was not theirs`);
    // The judge checks whether a node that expired had sent heartbeats: a node may be cut off as well.
    const figures = { nodes, sent: sum("messagesSent"), expired: sum("expired"), timedOut: sum("timedOut") };
    return { ...figures, ...judged, settledSeconds };
  }

  /** The judge's result, as soon as it finds nothing, or after the time allowed. */
  async judge(world: RealWorld, more: Partial<Evidence> = {}): Promise<Figures> {
    const untilMs = performance.now() + REST_MS;
    for (;;) {
      // A process that does not answer in time is asked again.
      const found = await world.evidence().catch((error: unknown) => {
        if (performance.now() >= untilMs) throw error;
      });
      const evidence = found && { ...found, ...more };
      const broken = evidence ? judge(evidence) : [];
      if (!evidence || (broken.length > 0 && performance.now() < untilMs)) {
        await sleep(500);
        continue;
      }
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
