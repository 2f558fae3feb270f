import { nodeRegistry } from "../../app/modules/node-registry/module.ts";
import { serveModule } from "../gateway/served-module.ts";

export interface ServedRegistry {
  /** Of its own port. */
  readonly url: string;
  /** Of the host's. */
  readonly hostUrl: string;
  ask(method: string, path: string, body?: object, headers?: Record<string, string>): Promise<Asked>;
  sql(text: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  close(): Promise<void>;
}
interface Asked {
  readonly status: number;
  readonly body: Record<string, unknown> & readonly Record<string, unknown>[];
}

/** The registry on an embedded store, over real HTTP. @param port 0: any that is free */
export async function servedRegistry(
  environment: Readonly<Record<string, string>> = {},
  port = 0,
): Promise<ServedRegistry> {
  const { host, url, hostUrl, close } = await serveModule(nodeRegistry, {
    listener: "node_registry",
    port,
    environment,
  });
  return {
    ...{ url, hostUrl },
    async ask(method, path, body, headers = {}) {
      const response = await fetch(url + path, {
        method,
        headers: { ...(body && { "content-type": "application/json" }), ...headers },
        ...(body && { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: (await response.json()) as Asked["body"] };
    },
    sql: (text) => host.store.query(text, []),
    close,
  };
}
