import type { Module } from "../../../app/host/module.ts";
import { SHIPPED_CONTRACTS } from "../../../app/modules/shipped.ts";
import { registration } from "../../../app/modules/registration/module.ts";
import { partitionOf } from "../../../runtime/core/murmur2.ts";
import { type Answer, HttpSystem, type HttpSystemOptions, openHttp } from "../http-system.ts";

/** Deadlines so long that no node expires during a slow test. */
export const lasting = (yaml: string): string => yaml.replaceAll(/(after|renewed_for): 30s/g, "$1: 1h");

interface BenchOptions extends Omit<HttpSystemOptions, "modules" | "contracts" | "edit" | "environment"> {
  /** Beside registration. */
  readonly modules?: readonly Module[];
}

/** Registration, served over real HTTP. */
export class HttpBench extends HttpSystem {
  /** @param edit changes the orchestrator's contract */
  static async open(
    edit: (yaml: string) => string = (yaml) => yaml,
    { modules = [], ...options }: BenchOptions = {},
    environment: Readonly<Record<string, string>> = {},
  ): Promise<HttpBench> {
    const own = { modules: [registration, ...modules], contracts: SHIPPED_CONTRACTS, edit, environment };
    return new HttpBench(await openHttp({ ...options, ...own }));
  }

  /** A node that is accepted, ACKs and becomes ACTIVE. */
  async activeNode(node_id: string, more: object = {}): Promise<Answer> {
    await this.publish("NodeIntrospectionEvent", { node_id, node_type: "effect", ...more });
    await this.until(node_id, "AWAITING_ACK");
    return this.publish("NodeRegistrationAcked", { node_id }, "?wait=active");
  }

  /** Publishes a message of many nodes in one call to the bus, which is faster than HTTP. */
  async say(type: string, nodeIds: Iterable<string>): Promise<void> {
    const { bus, domain } = this.system;
    const topic = domain.consumed.find((each) => each.type === type)?.topic ?? "";
    const messages = [...nodeIds].map((node_id) => ({
      topic,
      partition: partitionOf(node_id, 4),
      key: Buffer.from(node_id),
      value: Buffer.from(JSON.stringify({ node_id, node_type: "effect", endpoints: [`http://${node_id}.test:8080`] })),
      headers: {},
    }));
    await bus.publish(messages, { timeoutMs: 30_000 });
  }

  /** Node ids, sorted. */
  async inState(state: string): Promise<string[]> {
    const path = `/api/v1/registrations?state=${state}&limit=500`;
    const { body } = await this.ask<{ items: { node_id: string }[] }>(path);
    return body.items.map(({ node_id }) => node_id).sort();
  }

  async until(nodeId: string, state: string): Promise<Answer> {
    for (let tries = 0; tries < 200; tries++) {
      const answer = await this.ask(`/api/v1/registrations/${nodeId}`);
      if (answer.body["state"] === state) return answer;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`${nodeId} is not ${state} after 10 s`);
  }
}
