import type { FastifyInstance } from "fastify";
import { readConfig } from "../../app/host/config.ts";
import { createHttpServer } from "../../app/http/server/http-server.ts";
import type { HttpSystem } from "../app/http-system.ts";

const token = (of: string): string => `${of}-0123456789abcdef0123456789abcdef`;
export const TOKENS = {
  reader: token("reader"),
  operator: token("operator"),
  /** A node token for `own-1`. */
  node: token("node"),
  /** A node token for all ids that begin with `edge-`. */
  prefix: token("prefix"),
} as const;
export type Holder = keyof typeof TOKENS;
export const ROLLCALL_API_TOKENS = `
  reader prometheus ${TOKENS.reader}
  operator alice ${TOKENS.operator}
  node own-1 ${TOKENS.node}
  node edge-* ${TOKENS.prefix}`;

export const bearer = (value: string) => ({ authorization: `Bearer ${value}` });
export const as = (holder: Holder) => bearer(TOKENS[holder]);

/** One system, served with several configurations. */
export class GuardedSystem<Bench extends HttpSystem> {
  readonly bench: Bench;
  readonly #servers: FastifyInstance[] = [];

  /** @param bench is closed with it */
  constructor(bench: Bench) {
    this.bench = bench;
  }

  /** A server with another configuration, on loopback in any case. */
  async served(environment: Readonly<Record<string, string>>): Promise<{ url: string; server: FastifyInstance }> {
    const server = createHttpServer(this.bench.changedHost({}, readConfig(environment)));
    this.#servers.push(server);
    return { url: await server.listen({ host: "127.0.0.1", port: 0 }), server };
  }

  async close(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.close()));
    await this.bench.close();
  }
}
