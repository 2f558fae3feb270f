import type { FastifyInstance } from "fastify";
import { ApiTokens } from "../../host/api-tokens.ts";
import type { Host } from "../../host/compose.ts";
import { isLoopback } from "../../host/config.ts";
import { TlsFilesError } from "../../host/tls-files.ts";
import type { ClosedListener } from "../../host/troubles/facts.ts";
import { addAuthentication } from "../server/access.ts";
import { addBrowserGuard } from "../server/browser-guard.ts";
import { createServer, type ServerOptions } from "../server/create-server.ts";
import { addJsonBodyParser } from "../server/json-body.ts";
import { portOf } from "../server/port.ts";
import { RateLimit } from "../server/rate-limit.ts";
import { addAdmission, addRouting, allowsOrigin } from "./admission.ts";
import type { GatewayContext } from "./gateway-context.ts";
import { addGatewayRoutes, problemSender } from "./gateway-routes.ts";
import type { Served } from "./served-gateways.ts";

const RETRY_MS = 10_000;
/** So long requests that are under way are answered at a port that is left. */
const LEAVE_MS = 60_000;

/** Whom a port believes that other machines reach, where there are no tokens: nobody. */
const NO_TOKENS = new ApiTokens([]);

export interface Address {
  readonly host: string;
  readonly port: number;
}

interface ListenerOptions extends Pick<ServerOptions, "onInternalError" | "requestTimeoutMs"> {
  readonly name: string;
  readonly place: Address;
  readonly context: GatewayContext;
  readonly onListening: (address: string) => void;
  readonly onClosed: (closed: ClosedListener) => void;
}

type ListenerHost = Pick<Host, "certificates" | "config" | "clock">;

/** A port of its own for the gateways that name it. One that can't be opened is tried again. */
export class Listener {
  readonly #host: ListenerHost;
  readonly #options: ListenerOptions;
  #server: FastifyInstance | undefined;
  #opening: Promise<void> | undefined;
  /** Also of the time in which it is left. */
  #cancelRetry = (): void => {};
  #isStopped = false;

  constructor(host: ListenerHost, options: ListenerOptions) {
    this.#host = host;
    this.#options = options;
  }

  get place(): Address {
    return this.#options.place;
  }

  get #served(): Served {
    return this.#options.context.served.of(this.#options.name);
  }

  /** One try at a time. */
  open(): Promise<void> {
    return (this.#opening ??= this.#open().finally(() => (this.#opening = undefined)));
  }

  async #open(): Promise<void> {
    const { name, place, onListening } = this.#options;
    const refusal = this.#refusal();
    if (refusal) return this.#retryLater(refusal);
    let server: FastifyInstance | undefined;
    try {
      server = createListenerServer(this.#host, this.#options, () => this.#served);
      const address = await server.listen(place);
      this.#server = server;
      if (this.#isStopped) return await this.close();
      onListening(address);
    } catch (error) {
      this.#host.certificates.end(name);
      await server?.close();
      this.#retryLater(this.#failure(error));
    }
  }

  /** After a reload: what is served now may not be for everybody who reaches it, or may be again. */
  async check(): Promise<void> {
    const refusal = this.#refusal();
    if ((refusal !== undefined) === (this.#server === undefined)) return;
    this.#cancelRetry();
    if (!refusal) return this.open();
    this.#host.certificates.end(this.#options.name);
    await this.#closeServer();
    this.#retryLater(refusal);
  }

  /** Takes no connection more; requests that are under way are answered. */
  leave(): void {
    this.#stop();
    this.#server?.server.close();
    this.#cancelRetry = this.#host.clock.after(LEAVE_MS, () => void this.close());
  }

  /** Whoever reaches it from another machine has to say who it is. */
  #refusal(): Pick<ClosedListener, "reason" | "remedy"> | undefined {
    const { host } = this.place;
    if (isLoopback(host) || this.#host.config.ROLLCALL_API_TOKENS !== undefined) return undefined;
    const open = this.#served.calls.find(({ access }) => access !== "public");
    return (
      open && {
        reason: `${host} is reachable from other machines, and without tokens anybody could call ${open.operation}`,
        remedy: "set ROLLCALL_API_TOKENS, say access: public of every call, or listen on 127.0.0.1",
      }
    );
  }

  #failure(error: unknown): Pick<ClosedListener, "reason" | "remedy"> {
    if (error instanceof TlsFilesError) return { reason: error.message, remedy: error.remedy };
    const { name, place } = this.#options;
    const { code, message } = error as NodeJS.ErrnoException;
    const isTaken = code === "EADDRINUSE";
    return {
      reason: isTaken ? `port ${place.port} of ${place.host} is taken by another program` : message,
      remedy: `end the other one, or set ROLLCALL_LISTENERS=${name}=PORT`,
    };
  }

  #retryLater(why: Pick<ClosedListener, "reason" | "remedy">): void {
    if (this.#isStopped) return;
    const { clock } = this.#host;
    this.#options.onClosed({ name: this.#options.name, ...why, sinceMs: clock.wallMs() });
    this.#cancelRetry = clock.after(RETRY_MS, () => void this.open());
  }

  async close(): Promise<void> {
    this.#stop();
    await this.#closeServer();
  }

  #stop(): void {
    this.#cancelRetry();
    // Once: by now its name may be another port's.
    if (!this.#isStopped) this.#host.certificates.end(this.#options.name);
    this.#isStopped = true;
  }

  async #closeServer(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    // One that was left listens no more.
    await server?.close().catch(() => {});
  }
}

function createListenerServer(host: ListenerHost, options: ListenerOptions, served: () => Served): FastifyInstance {
  const { clock, config } = host;
  const { name, place, context, onInternalError, requestTimeoutMs } = options;
  const { ROLLCALL_API_TOKENS: tokens, TRUSTED_PROXIES: proxies } = config;
  const send = problemSender(served);
  const server = createServer({ port: portOf(host, name), onInternalError, requestTimeoutMs, proxies, send });
  server.decorateRequest("routed", null);
  addJsonBodyParser(server, true);
  addBrowserGuard(server, {
    ...{ address: place.host, names: config.ROLLCALL_HTTP_NAMES?.all(name), hasTokens: tokens !== undefined },
    allowsOrigin: (request) => allowsOrigin(served(), request),
    trustsNetworks: () => served().trustsNetworks,
  });
  addRouting(server, context, {
    served,
    addressLimit: new RateLimit(config.ROLLCALL_HTTP_RATE_MAX.of(name), clock),
  });
  addAuthentication(server, tokens ?? (isLoopback(place.host) ? undefined : NO_TOKENS));
  addAdmission(server, context);
  addGatewayRoutes(server, context);
  return server;
}
