import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { composeHost, type System } from "../../app/host/compose.ts";
import { readConfig } from "../../app/host/config.ts";
import { registration } from "../../app/modules/registration/module.ts";
import { partitionOf } from "../../runtime/core/murmur2.ts";
import { type Engine, type LoadEntity, type LoadSize, runLoad } from "../load.ts";
import { type Result, rssMiB } from "../measure.ts";
import { introspection } from "./introspection.ts";
import { STEPS } from "./kafka-nodes.ts";

/**
 * The embedded mode with its nodes in the same process: they publish through its bus and read what is published.
 */
export async function benchEmbedded(size: LoadSize): Promise<Result> {
  const directory = mkdtempSync(join(tmpdir(), "rollcall-bench-"));
  const host = await composeHost(readConfig({ ROLLCALL_DATA_DIR: directory }), { modules: [registration] });
  const system = host.system("registration");
  try {
    await host.start();
    while (system.runtime.status().owned.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    const before = { cpu: 0, used: 0 };
    const cpu = (): number => process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6;
    const load = await runLoad(
      new EmbeddedEngine(system),
      { ...size, runId: `bench${Date.now().toString(36)}` },
      {
        onSaturation: async () => void (before.cpu = cpu()),
        onSaturated: async () => void (before.used = cpu() - before.cpu),
      },
    );
    return {
      engine: "rollcall embedded",
      count: size.count,
      ...load,
      cpuSecondsPer1000: Number(((before.used / size.count) * 1_000).toFixed(3)),
      rssMiB: rssMiB(process.pid),
    };
  } finally {
    await host.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

class EmbeddedEngine implements Engine {
  readonly steps = STEPS;
  onStep: Engine["onStep"] = () => {};
  readonly #system: System;
  readonly #accepted: { readonly node_id: string }[] = [];

  constructor(system: System) {
    this.#system = system;
    system.watch((event) => {
      if (event.kind !== "decision") return;
      for (const { type, payload } of event.decision.events) {
        const id = String(payload["entity_id"]);
        if (type === "NodeBecameActive") this.onStep("active", id);
        if (type !== "NodeRegistrationAccepted") continue;
        this.onStep("accepted", id);
        this.#acknowledge(id);
      }
    });
  }

  /** What was accepted in one turn is acknowledged in one call. */
  #acknowledge(id: string): void {
    if (this.#accepted.push({ node_id: id }) > 1) return;
    setImmediate(() => void this.#publish("NodeRegistrationAcked", this.#accepted.splice(0)));
  }

  begin(nodes: readonly LoadEntity[]): Promise<void> {
    return this.#publish(
      "NodeIntrospectionEvent",
      nodes.map(({ id, index }) => introspection(id, index) as { node_id: string }),
    );
  }

  async #publish(type: string, payloads: readonly { readonly node_id: string }[]): Promise<void> {
    const { bus, domain, runtime } = this.#system;
    const topic = domain.consumed.find((consumed) => consumed.type === type)?.topic ?? "";
    const { partitions } = runtime.status();
    const messages = payloads.map((payload) => ({
      topic,
      partition: partitionOf(payload.node_id, partitions),
      key: Buffer.from(payload.node_id),
      value: Buffer.from(JSON.stringify(payload)),
      headers: {},
    }));
    await bus.publish(messages, { timeoutMs: 30_000 });
  }
}
