import type { FastifyInstance } from "fastify";
import type { Clock } from "../../../runtime/ports/clock.ts";
import { type Config, isLoopback } from "../../host/config.ts";
import type { ClosedListener } from "../../host/troubles/facts.ts";
import { addAuthentication } from "../server/access.ts";
import { addBrowserGuard } from "../server/browser-guard.ts";
import { createServer, type ServerOptions } from "../server/create-server.ts";
import { addJsonBodyParser } from "../server/json-body.ts";
import { addAdmission, addRouting } from "./admission.ts";
import type { GatewayContext } from "./gateway-context.ts";
import { addGatewayRoutes, problemSender } from "./gateway-routes.ts";
import type { Served } from "./served-gateways.ts";

const RETRY_MS = 10_000;
/** So long requests that are under way are answered at a port that is left. */
const LEAVE_MS = 60_000;

export interface ListenerOptions extends Pick<ServerOptions, "onInternalError" | "requestTimeoutMs"> {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly config: Config;
  readonly clock: Clock;
  readonly context: GatewayContext;
  readonly onListening: (address: string) => void;
  readonly onClosed: (closed: ClosedListener) => void;
}

/** A port of its own for the gateways that name it. One that can't be opened is tried again. */
export class Listener {
  readonly #options: ListenerOptions;
  #server: FastifyInstance | undefined;
  #opening: Promise<void> | undefined;
  /** Also of the time in which it is left. */
  #cancelRetry = (): void => {};
  #isStopped = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  get #served(): Served {
    return this.#options.context.served.of(this.#options.name);
  }

  /** That it listens at, or is to. */
  get port(): number {
    return this.#options.port;
  }

  /** One try at a time. */
  open(): Promise<void> {
    return (this.#opening ??= this.#open().finally(() => (this.#opening = undefined)));
  }

  async #open(): Promise<void> {
    const { host, port, onListening } = this.#options;
    const refusal = this.#refusal();
    if (refusal) return this.#retryLater(refusal);
    const server = createListenerServer(this.#options, () => this.#served);
    try {
      const address = await server.listen({ host, port });
      this.#server = server;
      if (this.#isStopped) return await this.close();
      onListening(address);
    } catch (error) {
      await server.close();
      const { code, message } = error as NodeJS.ErrnoException;
      const isTaken = code === "EADDRINUSE";
      this.#retryLater({
        reason: isTaken ? `port ${port} of ${host} is taken by another program` : message,
        remedy: `end the other one, or set ROLLCALL_LISTENERS=${this.#options.name}=PORT`,
      });
    }
  }

  /** After a reload: what is served now may not be for everybody who reaches it, or may be again. */
  async check(): Promise<void> {
    const refusal = this.#refusal();
    if ((refusal !== undefined) === (this.#server === undefined)) return;
    this.#cancelRetry();
    if (!refusal) return this.open();
    const server = this.#server;
    this.#server = undefined;
    await server?.close().catch(() => {});
    this.#retryLater(refusal);
  }

  /** Takes no connection more; requests that are under way are answered. */
  leave(): void {
    this.#isStopped = true;
    this.#cancelRetry();
    this.#server?.server.close();
    this.#cancelRetry = this.#options.clock.after(LEAVE_MS, () => void this.close());
  }

  /** Whoever reaches it from another machine has to say who it is. */
  #refusal(): Pick<ClosedListener, "reason" | "remedy"> | undefined {
    const { host, config } = this.#options;
    if (isLoopback(host) || config.ROLLCALL_API_TOKENS !== undefined) return undefined;
    const open = this.#served.calls.find(({ access }) => access !== "public");
    return (
      open && {
        reason: `${host} is reachable from other machines, and without tokens anybody could call ${open.operation}`,
        remedy: "set ROLLCALL_API_TOKENS, say access: public of every call, or listen on 127.0.0.1",
      }
    );
  }

  #retryLater(why: Pick<ClosedListener, "reason" | "remedy">): void {
    const { name, clock, onClosed } = this.#options;
    if (this.#isStopped) return;
    onClosed({ name, ...why, sinceMs: clock.wallMs() });
    this.#cancelRetry = clock.after(RETRY_MS, () => void this.open());
  }

  async close(): Promise<void> {
    this.#isStopped = true;
    this.#cancelRetry();
    const server = this.#server;
    this.#server = undefined;
    // One that was left listens no more.
    await server?.close().catch(() => {});
  }
}

function createListenerServer(options: ListenerOptions, served: () => Served): FastifyInstance {
  const { config, context, host, onInternalError, requestTimeoutMs } = options;
  const { ROLLCALL_API_TOKENS: tokens, ROLLCALL_HTTP_NAMES: names, TRUSTED_PROXIES: proxies } = config;
  const server = createServer({ onInternalError, requestTimeoutMs, proxies, send: problemSender(served) });
  server.decorateRequest("routed", null);
  addJsonBodyParser(server, true);
  const origins = () => served().origins;
  addBrowserGuard(server, { address: host, names, hasTokens: tokens !== undefined, origins });
  addRouting(server, context, served);
  addAuthentication(server, tokens);
  addAdmission(server, context);
  addGatewayRoutes(server, context);
  return server;
}
