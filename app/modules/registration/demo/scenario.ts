import { setTimeout } from "node:timers/promises";
import { RollcallNode, type RollcallNodeEvents, type RollcallNodeOptions } from "../../../../client/rollcall-node.ts";
import type { Transport } from "../../../../client/transport.ts";
import { withTimeout } from "../../../host/with-timeout.ts";
import { colors, print } from "../../../terminal/output.ts";
import type { DemoSystem } from "./demo-system.ts";
import { Timeline, TIMELINE_HEADER } from "./timeline.ts";

/** The node whose timeline is shown. */
const FOLLOWED = { nodeId: "orders", nodeType: "effect", capabilities: ["orders.read", "orders.write"] } as const;
const OTHERS = [
  { nodeId: "prices", nodeType: "compute", capabilities: ["prices.quote"] },
  { nodeId: "totals", nodeType: "reducer", capabilities: ["totals.daily"] },
  { nodeId: "checkout", nodeType: "orchestrator", capabilities: ["checkout.run"] },
  { nodeId: "mail", nodeType: "effect", capabilities: ["mail.send"] },
] as const;

/** Long enough for one step on a slow machine: after that the demo has failed. */
const STEP_TIMEOUT_MS = 20_000;
const HEARTBEATS_MS = 2_500;

/** Five nodes register; one of them is followed, falls silent, expires and comes back. */
export class Scenario {
  readonly #demoSystem: DemoSystem;
  readonly #timeline: Timeline;
  readonly #followed: RollcallNode;
  readonly #nodes: readonly RollcallNode[];
  /** While its messages are suppressed, as by a pulled cable. */
  #isFollowedSilent = false;

  constructor(demoSystem: DemoSystem) {
    const { system, transport } = demoSystem;
    const { ROLLCALL_ENV: env, ROLLCALL_NAMESPACE: namespace } = system.config;
    this.#demoSystem = demoSystem;
    this.#timeline = new Timeline(FOLLOWED.nodeId, system.domain.reducer.initial, { env, namespace });
    system.watch((event) => this.#timeline.recordShellEvent(event));
    const publish: Transport["publish"] = async (message) => {
      if (this.#isFollowedSilent) return;
      this.#timeline.recordSent(message);
      await transport.publish(message);
    };
    const create = (description: Omit<RollcallNodeOptions, "transport">, by: Transport): RollcallNode =>
      new RollcallNode({
        ...description,
        endpoints: { http: `http://${description.nodeId}.demo:8080` },
        transport: by,
      });
    this.#followed = create(FOLLOWED, { ...transport, publish });
    this.#nodes = [this.#followed, ...OTHERS.map((description) => create(description, transport))];
  }

  async registration(): Promise<void> {
    this.#printHeading("Five nodes introspect. One of them, step by step:");
    const startedMs = Date.now();
    const activations = this.#nodes.map(async (node) => {
      await this.#waitFor(node, "active", "become ACTIVE");
      return `${node.nodeId} after ${Date.now() - startedMs} ms`;
    });
    await Promise.all(this.#nodes.map((node) => node.start()));
    const [, ...others] = await Promise.all(activations);
    this.#printHeading(`${FOLLOWED.nodeId} is ACTIVE; so are ${others.join(", ")}. Heartbeats keep them so:`);
    await this.#pause(HEARTBEATS_MS);
  }

  async expiry(): Promise<void> {
    const { nodeId } = FOLLOWED;
    this.#printHeading(`Now ${nodeId} goes silent: its heartbeats are suppressed, those of the other four continue.`);
    const expired = this.#waitFor(this.#followed, "expired", "expire");
    this.#isFollowedSilent = true;
    this.#followed.once("expired", () => (this.#isFollowedSilent = false));
    const again = expired.then(() => this.#waitFor(this.#followed, "active", "become ACTIVE again"));
    await expired;
    this.#printHeading(`${nodeId} received LIVENESS_EXPIRED, and registers again by itself:`);
    const { attempt } = await again;
    const phases = this.#nodes.map((node) => `${node.nodeId} ${node.phase.toUpperCase()}`);
    print("");
    print(`${nodeId} is back, with attempt ${attempt}. All five: ${phases.join(", ")}.`);
  }

  async deregistration(): Promise<void> {
    this.#printHeading("They deregister:");
    await Promise.all(this.#nodes.map((node) => node.close()));
    for (let waitedMs = 0; this.#timeline.orchestrator !== "DEREGISTERED"; waitedMs += 50) {
      if (waitedMs > STEP_TIMEOUT_MS)
        throw new Error(`${FOLLOWED.nodeId} deregistered and is still ${this.#timeline.orchestrator}`);
      await this.#pause(50);
    }
  }

  /** Stops all nodes, also after a failure, without deregistering them. */
  async end(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.close({ goodbye: false })));
  }

  #printHeading(text: string): void {
    print(`\n${colors.bold(text)}\n`);
    print(colors.dim(TIMELINE_HEADER));
  }

  async #waitFor<Name extends "active" | "expired">(
    node: RollcallNode,
    event: Name,
    what: string,
  ): Promise<RollcallNodeEvents[Name][0]> {
    const { failed, system } = this.#demoSystem;
    const happened = Promise.race([node.next(event), failed]);
    const message = `${node.nodeId} did not ${what} within ${STEP_TIMEOUT_MS / 1_000} s`;
    const [payload] = await withTimeout(system.clock, STEP_TIMEOUT_MS, happened, message);
    return payload;
  }

  async #pause(ms: number): Promise<void> {
    await Promise.race([setTimeout(ms), this.#demoSystem.failed]);
  }
}
