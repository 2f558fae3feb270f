import { Agent, type IncomingMessage, request as httpRequest } from "node:http";
import { performance } from "node:perf_hooks";
import { type Latency, latencyOf } from "./measure.ts";

export interface LoadRequest {
  readonly method: "GET" | "POST" | "PUT";
  readonly path: string;
  readonly body?: object | undefined;
}

export interface HttpLoad {
  readonly perSecond: number;
  readonly count: number;
  readonly latency: Latency;
  /** Of one answer's body, on average. */
  readonly bytes: number;
}

/** Asks on connections that stay open, each one thing after the other. */
export class HttpClients {
  readonly #url: URL;
  readonly #agent: Agent;
  readonly #connections: number;

  constructor(url: string, connections: number) {
    this.#url = new URL(url);
    this.#connections = connections;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  /** @returns the bytes of the body. @throws Error for another status than 2xx, and for a body that was cut */
  async ask({ method, path, body }: LoadRequest): Promise<number> {
    const content = body === undefined ? undefined : JSON.stringify(body);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const { hostname: host, port } = this.#url;
      const length = { "content-type": "application/json", "content-length": Buffer.byteLength(content ?? "") };
      const headers = content === undefined ? {} : length;
      const asked = httpRequest({ agent: this.#agent, host, port, method, path, headers }, resolve);
      asked.once("error", reject);
      asked.end(content);
    });
    let bytes = 0;
    let begin = "";
    for await (const chunk of response as AsyncIterable<Buffer>) {
      if (bytes < 1_000) begin += chunk.toString("utf8", 0, 1_000);
      bytes += chunk.length;
    }
    const { statusCode = 0 } = response;
    if (statusCode < 200 || statusCode > 299)
      throw new Error(`${method} ${path}: ${statusCode} ${begin.slice(0, 400)}`);
    return bytes;
  }

  /** As much as goes in that time. @param next the nth request, from 0 on */
  async ply(ms: number, next: (nth: number) => LoadRequest): Promise<HttpLoad> {
    const tookMs: number[] = [];
    let [bytes, nth] = [0, 0];
    const beganMs = performance.now();
    const one = async (): Promise<void> => {
      while (performance.now() - beganMs < ms) {
        const askedMs = performance.now();
        const read = await this.ask(next(nth++));
        bytes += read;
        tookMs.push(performance.now() - askedMs);
      }
    };
    await Promise.all(Array.from({ length: this.#connections }, one));
    const seconds = (performance.now() - beganMs) / 1_000;
    return {
      perSecond: Math.round(tookMs.length / seconds),
      ...{ count: tookMs.length, latency: latencyOf(tookMs), bytes: Math.round(bytes / tookMs.length) },
    };
  }

  close(): void {
    this.#agent.destroy();
  }
}
