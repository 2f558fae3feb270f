import type { Payload } from "../../../../runtime/core/message.ts";
import { DecodeError } from "../../../../runtime/core/incoming-json.ts";
import type { Sql } from "../../../../runtime/ports/store.ts";
import type { Job, JobContext } from "../../../host/module.ts";
import { askedNetworks, askEveryMs, type FlowNodeVariables } from "../variables.ts";
import { allowedAddresses, type AskedAddresses } from "./allowed-address.ts";
import { asksOf } from "./ask-counts.ts";
import { askNode } from "./ask-node.ts";
import { type AskedNode, AskPlan } from "./ask-plan.ts";

const LOOK_EVERY_MS = 1_000;
const AT_ONCE_MAX = 64;

type Context = JobContext<FlowNodeVariables>;

/**
 * Asks nodes that don't beat for their state, and publishes an answer as a beat of the node: so it stays alive, or
 * comes back. One process does it for all.
 */
export const askSilentNodes: Job<FlowNodeVariables> = {
  name: "ask_silent_nodes",
  every: "always",
  async run(context) {
    const { config, signal } = context;
    const everyMs = askEveryMs(config);
    if (everyMs === undefined) return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
    const asker = new Asker(context, everyMs);
    try {
      while (!signal.aborted) {
        await asker.look();
        await pause(LOOK_EVERY_MS, signal);
      }
    } finally {
      await asker.ended();
    }
  },
};

class Asker {
  readonly #context: Context;
  readonly #everyMs: number;
  readonly #plan: AskPlan;
  readonly #addresses: AskedAddresses;
  readonly #asking = new Map<string, Promise<void>>();

  constructor(context: Context, everyMs: number) {
    this.#context = context;
    this.#everyMs = everyMs;
    this.#plan = new AskPlan(everyMs);
    this.#addresses = { isAllowed: allowedAddresses(askedNetworks(context.config)) };
  }

  /** Begins to ask those that are due, as many at once as may be. @throws Fault STORE_UNAVAILABLE */
  async look(): Promise<void> {
    const { nowMs, silent } = await silentNodes(this.#context.backends.sql, this.#everyMs);
    for (const node of this.#plan.due(silent, nowMs)) {
      if (this.#asking.size >= AT_ONCE_MAX) return;
      if (this.#asking.has(node)) continue;
      this.#plan.asked(node, nowMs);
      this.#asking.set(
        node,
        this.#ask(node, nowMs).finally(() => this.#asking.delete(node)),
      );
    }
  }

  async ended(): Promise<void> {
    await Promise.all(this.#asking.values());
  }

  /** Never rejects. */
  async #ask(node: string, nowMs: number): Promise<void> {
    const { backends, signal } = this.#context;
    const answer = await askNode(node, this.#addresses, signal);
    const counts = asksOf(backends.sql);
    counts.set(answer.result, (counts.get(answer.result) ?? 0) + 1);
    if (answer.result !== "answered") return this.#plan.failed(node, nowMs);
    // What was not published is published with the next answer.
    await this.#publish({ node, ...(answer.told && { told: answer.told }) }).then(
      () => this.#plan.answered(node, nowMs),
      () => this.#plan.failed(node, nowMs),
    );
  }

  async #publish(beat: Payload): Promise<void> {
    const { publish } = this.#context;
    try {
      await publish("NodeBeat", beat);
    } catch (error) {
      // It tells what can't be stored, such as NUL characters; it answers all the same.
      if (!(error instanceof DecodeError) || !("told" in beat)) throw error;
      await publish("NodeBeat", { node: beat["node"] });
    }
  }
}

interface SilentRow {
  readonly node: string;
  readonly status: string;
  readonly heartbeat: number;
  readonly expires: number | null;
  readonly now: number;
}

/** Those that were not heard of for so long, also such as count as not alive: whoever only answers comes back so. */
async function silentNodes(sql: Sql, everyMs: number) {
  const rows = await sql.query<SilentRow>(
    `select node, status, extract(epoch from coalesce(renewed_at, heartbeat))::float8 * 1000 as heartbeat,
            extract(epoch from expires_at)::float8 * 1000 as expires, extract(epoch from now())::float8 * 1000 as now
       from rollcall_flow_node.nodes
      where status in ('connected', 'not_alive') and coalesce(renewed_at, heartbeat) < now() - $1 * interval '1 ms'`,
    [everyMs],
  );
  const silent = rows.map(({ node, status, heartbeat, expires }): AskedNode => {
    const isAlive = status === "connected";
    return { node, isAlive, heartbeatMs: heartbeat, expiresMs: isAlive ? expires : null };
  });
  return { nowMs: rows[0]?.now ?? 0, silent };
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });
