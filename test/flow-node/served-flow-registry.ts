import type { Module } from "../../app/host/module.ts";
import { flowNodes } from "../../app/modules/flow-node/module.ts";
import { serveModule } from "../gateway/served-module.ts";

interface Asked<Body = Readonly<Record<string, unknown>>> {
  readonly status: number;
  readonly body: Body;
}

export interface ServedFlowRegistry {
  readonly url: string;
  ask<Body = Asked["body"]>(method: string, path: string, body?: unknown, token?: string): Promise<Asked<Body>>;
  sql(text: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  close(): Promise<void>;
}

interface Options {
  readonly environment?: Readonly<Record<string, string>>;
  readonly module?: Module;
  readonly onLeave?: () => void;
}

/** The registry on an embedded store, over real HTTP. */
export async function servedFlowRegistry({
  module = flowNodes,
  ...options
}: Options = {}): Promise<ServedFlowRegistry> {
  const { host, url, close } = await serveModule(module, { listener: "flow_registry", ...options });
  return {
    url,
    async ask<Body>(method: string, path: string, body?: unknown, token?: string) {
      const response = await fetch(url + path, {
        method,
        headers: {
          ...(body !== undefined && { "content-type": "application/json" }),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
        ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, body: (text === "" ? {} : JSON.parse(text)) as Body };
    },
    sql: (text) => host.store.query(text, []),
    close,
  };
}
