import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SseParser } from "../../client/event-stream.ts";
import { initializeStore } from "../initialized-store.ts";
import { composeHost, type Host, type System } from "../../app/host/compose.ts";
import { readConfig } from "../../app/host/config.ts";
import type { Module } from "../../app/host/module.ts";
import { SHIPPED_CONTRACTS } from "../../app/modules/shipped.ts";
import { createHttpServer, type HttpServerOptions } from "../../app/http/server/http-server.ts";
import { Troubles } from "../../app/host/troubles/troubles.ts";
import { registration } from "../../app/modules/registration/module.ts";
import { partitionOf } from "../../runtime/core/murmur2.ts";
import type { ShellLimits } from "../../runtime/shell/limits.ts";

export interface Answer<Body = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}
export interface StreamedEvent {
  readonly id: string;
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Deadlines so long that no node expires during a slow test. */
export const lasting = (yaml: string): string => yaml.replaceAll(/(after|renewed_for): 30s/g, "$1: 1h");

interface BenchOptions extends HttpServerOptions {
  readonly limits?: Partial<ShellLimits>;
  /** Beside registration. */
  readonly modules?: readonly Module[];
}

/** An embedded system of its own, served over real HTTP on a free port. */
export class HttpBench {
  readonly host: Host;
  readonly system: System;
  readonly url: string;
  readonly #folder: string;
  readonly #closers: (() => Promise<unknown>)[] = [];

  /** @param edit changes the orchestrator's contract */
  static async open(
    edit: (yaml: string) => string = (yaml) => yaml,
    options: BenchOptions = {},
    environment: Readonly<Record<string, string>> = {},
  ): Promise<HttpBench> {
    const folder = mkdtempSync(join(tmpdir(), "rollcall-http-"));
    const contractsDir = join(folder, "contracts");
    cpSync(SHIPPED_CONTRACTS, contractsDir, { recursive: true });
    const file = join(contractsDir, "orchestrator.yaml");
    writeFileSync(file, edit(readFileSync(file, "utf8")));
    const data = join(folder, "data");
    await initializeStore(data);
    const config = readConfig({ ROLLCALL_DATA_DIR: data, ROLLCALL_PARTITIONS: "4", ...environment });
    const { limits, modules = [] } = options;
    const host = await composeHost(config, {
      modules: [registration, ...modules],
      contractsDir,
      ...(limits && { limits }),
    });
    await host.start();
    const server = createHttpServer(host, options);
    const bench = new HttpBench(host, await server.listen({ host: "127.0.0.1", port: 0 }), folder);
    bench.#closers.push(() => server.close());
    return bench;
  }

  private constructor(host: Host, url: string, folder: string) {
    this.host = host;
    this.system = host.system("registration");
    this.url = url;
    this.#folder = folder;
  }

  /** A second server on the same system without the events of the shell, like one in another process. */
  async deafServer(): Promise<string> {
    const server = createHttpServer(this.changedHost({ watch: () => () => {} }));
    this.#closers.push(() => server.close());
    return server.listen({ host: "127.0.0.1", port: 0 });
  }

  /** The same host, whose system is another one in some ways. */
  changedHost(changes: Partial<System>, config = this.system.config): Host {
    const systems = [{ ...this.system, config, ...changes }];
    return { ...this.host, config, systems, troubles: new Troubles({ systems, clock: this.host.clock }) };
  }

  async close(): Promise<void> {
    await Promise.all(this.#closers.map((close) => close()));
    await this.host.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async ask<Body = Record<string, unknown>>(
    path: string,
    init: RequestInit = {},
    url = this.url,
  ): Promise<Answer<Body>> {
    const response = await fetch(new URL(path, url), init);
    const text = await response.text();
    const body = (text.startsWith("{") ? JSON.parse(text) : text) as Body;
    return { status: response.status, headers: response.headers, body };
  }

  /** Publishes an event, as a node without Kafka does. */
  publish(payload_type: string, payload: object, query = "", url = this.url): Promise<Answer> {
    return this.post(JSON.stringify({ payload_type, payload }), query, url);
  }

  post(body: string | Uint8Array<ArrayBuffer>, query = "", url = this.url): Promise<Answer> {
    const headers = { "content-type": "application/json" };
    return this.ask(`/api/v1/events${query}`, { method: "POST", headers, body }, url);
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

  /** Opens the stream of events, which are added to `events` until `close`. */
  async stream(query = "", lastEventId?: string, url = this.url): Promise<{ events: StreamedEvent[]; close(): void }> {
    const abort = new AbortController();
    const headers = { ...(lastEventId !== undefined && { "last-event-id": lastEventId }) };
    const response = await fetch(new URL(`/api/v1/events/stream${query}`, url), { headers, signal: abort.signal });
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
    const events: StreamedEvent[] = [];
    const reader = new SseParser((id, data) => {
      if (data === "") return;
      const { payload_type: type, payload } = JSON.parse(data) as {
        payload_type: string;
        payload: StreamedEvent["payload"];
      };
      events.push({ id: id ?? "", type, payload });
    });
    void (async () => {
      for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) reader.push(text);
    })().catch(() => {});
    return { events, close: () => abort.abort() };
  }
}
