import type { RollcallNode, RollcallNodeEvents } from "../../client/rollcall-node.ts";
import { topicOf } from "../../client/topics.ts";
import { withTimeout } from "../host/with-timeout.ts";
import type { Colors } from "../terminal/output.ts";
import { DEMO_NODES, DemoNode, FOLLOWED_NODE } from "./demo-nodes.ts";
import { headerLine, rowLine } from "./timeline-table.ts";
import type { DemoSystem } from "./demo-system.ts";
import { type TimelineRow, Timeline } from "./timeline.ts";

export interface ScenarioOptions {
  readonly demoSystem: DemoSystem;
  readonly colors: Colors;
  readonly print: (line: string) => void;
}

/** Long enough for one step on a slow machine: after that the demo has failed. */
const STEP_TIMEOUT_MS = 20_000;
const HEARTBEATS_MS = 2_500;

/** Five nodes register; one of them is followed, falls silent, expires and comes back. */
export class Scenario {
  readonly #options: ScenarioOptions;
  readonly #nodes: readonly DemoNode[];
  readonly #timeline: Timeline;
  readonly #active = new Map<string, number>();
  #lastRow: TimelineRow | undefined;

  constructor(options: ScenarioOptions) {
    this.#options = options;
    const { system, transport } = options.demoSystem;
    const { ROLLCALL_ENV: env, ROLLCALL_NAMESPACE: namespace } = system.config;
    this.#timeline = new Timeline({
      nodeId: FOLLOWED_NODE,
      initialReducerState: system.domain.reducer.initial,
      topicOf: (type) => topicOf(type, { env, namespace }),
      nowMs: Date.now,
      onRow: (row) => this.#printRow(row),
    });
    this.#nodes = DEMO_NODES.map(
      (description) =>
        new DemoNode(
          transport,
          { ...description, endpoints: { http: `http://${description.nodeId}.demo:8080` } },
          (message) => message.nodeId === FOLLOWED_NODE && this.#timeline.recordSent(message),
        ),
    );
    system.watch((event) => this.#timeline.recordShellEvent(event));
  }

  async registration(): Promise<void> {
    this.#printHeading("Five nodes introspect. One of them, step by step:");
    const startedMs = Date.now();
    for (const { node } of this.#nodes) node.on("active", () => this.#active.set(node.nodeId, Date.now() - startedMs));
    const active = this.#nodes.map(({ node }) => this.#waitFor(node, "active", "become ACTIVE"));
    await Promise.all(this.#nodes.map(({ node }) => node.start()));
    await Promise.all(active);
    const others = DEMO_NODES.filter(({ nodeId }) => nodeId !== FOLLOWED_NODE).map(
      ({ nodeId }) => `${nodeId} after ${this.#active.get(nodeId)} ms`,
    );
    this.#printHeading(`${FOLLOWED_NODE} is ACTIVE; so are ${others.join(", ")}. Heartbeats keep them so:`);
    await this.#pause(HEARTBEATS_MS);
  }

  async expiry(): Promise<void> {
    const followed = this.#nodes.find(({ node }) => node.nodeId === FOLLOWED_NODE);
    if (!followed) throw new Error(`no node ${FOLLOWED_NODE}`);
    this.#printHeading(
      `Now ${FOLLOWED_NODE} goes silent: its heartbeats are suppressed, those of the other four continue.`,
    );
    const expired = this.#waitFor(followed.node, "expired", "expire");
    followed.isSilenced = true;
    followed.node.once("expired", () => (followed.isSilenced = false));
    const again = expired.then(() => this.#waitFor(followed.node, "active", "become ACTIVE again"));
    await expired;
    this.#printHeading(`${FOLLOWED_NODE} received LIVENESS_EXPIRED, and registers again by itself:`);
    const { attempt } = await again;
    const phases = this.#nodes.map(({ node }) => `${node.nodeId} ${node.phase.toUpperCase()}`);
    this.#options.print("");
    this.#options.print(`${FOLLOWED_NODE} is back, with attempt ${attempt}. All five: ${phases.join(", ")}.`);
  }

  async deregistration(): Promise<void> {
    this.#printHeading("They deregister:");
    await Promise.all(this.#nodes.map(({ node }) => node.close()));
    for (let waitedMs = 0; this.#timeline.orchestrator !== "DEREGISTERED"; waitedMs += 50) {
      if (waitedMs > STEP_TIMEOUT_MS)
        throw new Error(`${FOLLOWED_NODE} deregistered and is still ${this.#timeline.orchestrator}`);
      await this.#pause(50);
    }
  }

  /** Stops all nodes, also after a failure, without deregistering them. */
  async end(): Promise<void> {
    await Promise.all(this.#nodes.map(({ node }) => node.close({ goodbye: false })));
  }

  #printHeading(text: string): void {
    const { print, colors } = this.#options;
    print("");
    print(colors.bold(text));
    print("");
    print(headerLine(colors));
  }

  #printRow(row: TimelineRow): void {
    this.#options.print(rowLine(row, this.#lastRow, this.#options.colors));
    this.#lastRow = row;
  }

  async #waitFor<Name extends "active" | "expired">(
    node: RollcallNode,
    event: Name,
    what: string,
  ): Promise<RollcallNodeEvents[Name][0]> {
    const { failed, system } = this.#options.demoSystem;
    const happened = Promise.race([node.next(event), failed]);
    const message = `${node.nodeId} did not ${what} within ${STEP_TIMEOUT_MS / 1_000} s`;
    const [payload] = await withTimeout(system.clock, STEP_TIMEOUT_MS, happened, message);
    return payload;
  }

  async #pause(ms: number): Promise<void> {
    await Promise.race([new Promise((resolve) => setTimeout(resolve, ms)), this.#options.demoSystem.failed]);
  }
}
