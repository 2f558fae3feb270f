import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { z } from "zod";
import { traceparentOf } from "../../runtime/core/trace.ts";
import { backendUnavailable } from "../service-catalog/faults.ts";

export interface ConsulClientOptions {
  /** `CONSUL_HTTP_ADDR`: `host:port`, or an http or https URL; a path in it is a prefix. */
  readonly address: string;
  readonly token?: string;
  readonly datacenter?: string;
  /** Limit of open connections; requests wait for a free one. */
  readonly connectionsMax?: number;
  /** Limit of a request; its caller's signal may end it earlier. */
  readonly timeoutMs?: number;
  readonly responseBytesMax?: number;
}

export interface ConsulRequest {
  readonly method: "GET" | "PUT";
  /** `/v1/...`, with its segments URL-encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Overrides the client's limit, for lists of everything. */
  readonly responseBytesMax?: number;
}

/** A complete answer with any status. Redirects are not followed. */
export interface ConsulResponse {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

/** As Node writes names of headers. */
export const TOKEN_HEADER = "x-consul-token";

const RESPONSE_BYTES_MAX = 8 * 1024 * 1024;
const DESCRIPTION_LENGTH_MAX = 300;

/**
 * HTTP to Consul, with what the package `consul` lacks: a limit on the size of an answer, and an AbortSignal. Only the
 * address of the options is ever called. The token is in a private field, so that no log of this object shows it.
 */
export class ConsulClient {
  readonly #request: typeof httpRequest;
  readonly #agent: HttpAgent;
  readonly #base: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #query: Readonly<Record<string, string>>;
  readonly #timeoutMs: number;
  readonly #responseBytesMax: number;

  /** @throws Error, at start-up, for an invalid address or a token with characters that a header can't contain */
  constructor(options: ConsulClientOptions) {
    this.#base = baseOf(options.address);
    const isTls = this.#base.protocol === "https:";
    const connections = { keepAlive: true, maxSockets: options.connectionsMax ?? 16 };
    this.#agent = isTls ? new HttpsAgent(connections) : new HttpAgent(connections);
    this.#request = isTls ? httpsRequest : httpRequest;
    this.#headers = options.token === undefined ? {} : { [TOKEN_HEADER]: assertHeaderToken(options.token) };
    this.#query = options.datacenter === undefined ? {} : { dc: options.datacenter };
    this.#timeoutMs = options.timeoutMs ?? 10_000;
    this.#responseBytesMax = options.responseBytesMax ?? RESPONSE_BYTES_MAX;
  }

  /**
   * Sends one request and reads its answer.
   * @throws Fault UNAVAILABLE, retryable: no connection, no complete answer in time, or one that is too large. Consul
   * may have carried out the request all the same
   */
  send(request: ConsulRequest, signal?: AbortSignal): Promise<ConsulResponse> {
    const what = `Consul ${request.method} ${request.path}`;
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true)
        return reject(backendUnavailable(`${what}: not sent, because the time for it is over`));
      const finish = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
      };
      const fail = (why: string, cause?: unknown): void => {
        finish();
        reject(backendUnavailable(`${what}: ${why}`, cause));
        outgoing.destroy();
      };
      const onAbort = (): void => fail("no answer before the effect's timeout");
      const timer = setTimeout(() => fail(`no answer within ${this.#timeoutMs} ms`), this.#timeoutMs);
      signal?.addEventListener("abort", onAbort);

      const traceparent = signal && traceparentOf(signal);
      const outgoing = this.#request(this.#urlOf(request), {
        method: request.method,
        agent: this.#agent,
        headers: {
          ...this.#headers,
          ...(traceparent !== undefined && { traceparent }),
          ...(request.body !== undefined && jsonHeaders(request.body)),
        },
      });
      outgoing.on("error", (cause) => fail(cause.message, cause));
      outgoing.on("response", (incoming) => {
        readResponse(incoming, request.responseBytesMax ?? this.#responseBytesMax).then(
          (answer) => {
            finish();
            resolve(answer);
          },
          (cause: unknown) => fail(String(cause), cause),
        );
      });
      outgoing.end(request.body);
    });
  }

  /**
   * Sends a request that only reads.
   * @throws Fault UNAVAILABLE, retryable: as `send`, and for any answer that is not a 200 with that shape
   */
  async read<Shape>(request: ConsulRequest, shape: z.ZodType<Shape>, signal?: AbortSignal): Promise<Shape> {
    const answer = await this.send(request, signal);
    if (answer.status !== 200) throw backendUnavailable(`Consul GET ${request.path}: ${describeResponse(answer)}`);
    return parseResponse(answer, shape);
  }

  /** Closes the connections; requests under way end as UNAVAILABLE. */
  close(): void {
    this.#agent.destroy();
  }

  #urlOf({ path, query }: ConsulRequest): URL {
    const url = new URL(this.#base.pathname.replace(/\/$/, "") + path, this.#base);
    for (const [name, value] of Object.entries({ ...this.#query, ...query })) url.searchParams.set(name, value);
    return url;
  }
}

/**
 * The JSON of an answer.
 * @param read makes what the shape makes, faster; undefined where it can't: then the shape does it, and says what is
 * wrong
 * @throws Fault UNAVAILABLE, retryable: something that is not Consul answered
 */
export function parseResponse<Shape>(
  answer: ConsulResponse,
  shape: z.ZodType<Shape>,
  read?: (json: unknown) => Shape | undefined,
): Shape {
  if (!answer.contentType.startsWith("application/json"))
    throw backendUnavailable(`the answer is not from Consul, or not JSON: ${describeResponse(answer)}`);
  let json: unknown;
  try {
    json = JSON.parse(answer.text);
  } catch (cause) {
    throw backendUnavailable("Consul's answer is not JSON", cause);
  }
  const known = read?.(json);
  if (known !== undefined) return known;
  const checked = shape.safeParse(json);
  if (!checked.success) throw backendUnavailable("Consul's answer lacks documented fields", checked.error);
  return checked.data;
}

/** Status and beginning of an answer, for messages. */
export const describeResponse = (answer: ConsulResponse): string =>
  `${answer.status} ${answer.text.replace(/\p{Cc}+/gu, " ").slice(0, DESCRIPTION_LENGTH_MAX)}`.trim();

function readResponse(incoming: IncomingMessage, bytesMax: number): Promise<ConsulResponse> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    incoming.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > bytesMax) return void incoming.destroy(new Error(`the answer is larger than ${bytesMax} bytes`));
      chunks.push(chunk);
    });
    incoming.on("error", reject);
    incoming.on("close", () => reject(new Error("the connection ended in the middle of the answer")));
    incoming.on("end", () => {
      const text = Buffer.concat(chunks).toString("utf8");
      resolve({ status: incoming.statusCode ?? 0, contentType: incoming.headers["content-type"] ?? "", text });
    });
  });
}

function baseOf(address: string): URL {
  const text = /^[a-z]+:\/\//i.test(address) ? address : `http://${address}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== "") {
    throw new Error("CONSUL_HTTP_ADDR must be host:port or an http or https URL without credentials");
  }
  return url;
}

function assertHeaderToken(token: string): string {
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new Error("the Consul token has characters that are not allowed in an HTTP header");
  return token;
}

const jsonHeaders = (body: string): Record<string, string> => ({
  "Content-Type": "application/json",
  "Content-Length": String(Buffer.byteLength(body)),
});
