import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SseParser } from "../../client/event-stream.ts";
import { initializeStore } from "../initialized-store.ts";
import { composeHost, type Host, type System } from "../../app/host/compose.ts";
import { readConfig } from "../../app/host/config.ts";
import type { Module } from "../../app/host/module.ts";
import { createHttpServer, type HttpServerOptions } from "../../app/http/server/http-server.ts";
import { openFollowing } from "../../app/host/following.ts";
import { Troubles } from "../../app/host/troubles/troubles.ts";
import { PgliteNotices } from "../../runtime/adapters/pglite/pglite-notices.ts";
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

export interface HttpSystemOptions extends HttpServerOptions {
  /** The first one's first domain is the system's. */
  readonly modules: readonly Module[];
  /** The folder of that domain's contracts. */
  readonly contracts: string;
  /** Changes its orchestrator's contract. */
  readonly edit?: (yaml: string) => string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly limits?: Partial<ShellLimits>;
}

interface Opened {
  readonly host: Host;
  readonly url: string;
  readonly folder: string;
  readonly server: { close(): Promise<unknown> };
}

export async function openHttp(options: HttpSystemOptions): Promise<Opened> {
  const { modules, contracts, edit = (yaml) => yaml, environment, limits } = options;
  const folder = mkdtempSync(join(tmpdir(), "rollcall-http-"));
  const contractsDir = join(folder, "contracts");
  cpSync(contracts, contractsDir, { recursive: true });
  const file = join(contractsDir, "orchestrator.yaml");
  writeFileSync(file, edit(readFileSync(file, "utf8")));
  const data = join(folder, "data");
  await initializeStore(data);
  const config = readConfig({ ROLLCALL_DATA_DIR: data, ROLLCALL_PARTITIONS: "4", ...environment });
  const host = await composeHost(config, { modules, contractsDir, ...(limits && { limits }) });
  await host.start();
  const server = createHttpServer(host, options);
  return { host, url: await server.listen({ host: "127.0.0.1", port: 0 }), folder, server };
}

/** An embedded system of its own, served over real HTTP on a free port. */
export class HttpSystem {
  readonly host: Host;
  readonly system: System;
  readonly url: string;
  readonly #folder: string;
  readonly #closers: (() => Promise<unknown>)[] = [];

  protected constructor({ host, url, folder, server }: Opened) {
    this.host = host;
    const [system] = host.systems;
    if (!system) throw new Error("the modules have no domain");
    this.system = system;
    this.url = url;
    this.#folder = folder;
    this.#closers.push(() => server.close());
  }

  /** A second server on the same system without the events of the shell, like one in another process. */
  async deafServer(): Promise<string> {
    const { name, runtime, store, clock } = this.system;
    const following = openFollowing({ name, runtime, store, clock, notices: new PgliteNotices() });
    const server = createHttpServer(this.changedHost({ watch: () => () => {}, following }));
    this.#closers.push(() => server.close().then(following.close));
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

  /** Publishes a message, as a sender without Kafka does. */
  publish(payload_type: string, payload: object, query = "", url = this.url): Promise<Answer> {
    return this.post(JSON.stringify({ payload_type, payload }), query, url);
  }

  post(body: string | Uint8Array<ArrayBuffer>, query = "", url = this.url): Promise<Answer> {
    const headers = { "content-type": "application/json" };
    return this.ask(`/api/v1/events${query}`, { method: "POST", headers, body }, url);
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
