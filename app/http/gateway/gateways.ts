import { setMaxListeners } from "node:events";
import type { FastifyInstance } from "fastify";
import type { GatewaySpec } from "../../../runtime/core/gateway.ts";
import type { Host } from "../../host/compose.ts";
import type { ListenerPlace } from "../../host/gateway-addresses.ts";
import type { ClosedListener } from "../../host/troubles/facts.ts";
import type { ServerOptions } from "../server/create-server.ts";
import { addJsonBodyParser } from "../server/json-body.ts";
import { problemOf } from "../server/problem.ts";
import { addAdmission, addRouting } from "./admission.ts";
import {
  type AnsweredCall,
  type GatewayContext,
  gatewayContext,
  type MeasuredGateways,
  NO_CALL,
} from "./gateway-context.ts";
import { addGatewayRoutes, problemSender } from "./gateway-routes.ts";
import { Listener, type ListenerOptions } from "./listener.ts";
import type { Served } from "./served-gateways.ts";

/** How long requests that are under way may take to be answered when the process stops. */
const ANSWER_MS = 1_000;

type Address = Pick<ListenerOptions, "host" | "port">;
type GatewayHost = Pick<Host, "config" | "clock" | "systems" | "troubles" | "closedListeners">;

interface GatewaysOptions extends Pick<ServerOptions, "onInternalError" | "requestTimeoutMs"> {
  readonly onListening?: (name: string, address: string) => void;
}

/** The gateways of a process: each listens at its port, or answers at the host's own. */
export class Gateways implements MeasuredGateways {
  readonly #host: GatewayHost;
  readonly #options: GatewaysOptions;
  readonly #closing = new AbortController();
  readonly #context: GatewayContext;
  readonly #listeners = new Map<string, Listener>();
  /** They take no connection more. */
  readonly #left = new Set<Listener>();
  #followed: Promise<void> = Promise.resolve();
  readonly #addresses = new Map<string, string>();
  readonly #observers: ((answered: AnsweredCall) => void)[] = [];

  constructor(host: GatewayHost, options: GatewaysOptions = {}) {
    this.#host = host;
    this.#options = options;
    // Every stream that is open listens to it.
    setMaxListeners(0, this.#closing.signal);
    this.#context = gatewayContext(host, {
      closing: this.#closing.signal,
      onAnswered: (answered) => this.#observers.forEach((observe) => observe(answered)),
      onCut: (error, { id: requestId, ip: address, routed }) =>
        options.onInternalError?.(error, `the list of ${routed?.call.operation ?? ""}, cut`, { requestId, address }),
    });
  }

  /** By the listener's name; only those that listen. */
  get addresses(): ReadonlyMap<string, string> {
    return this.#addresses;
  }

  get calls(): MeasuredGateways["calls"] {
    const { all } = this.#context.served;
    return all.length === 0 ? [] : [NO_CALL, ...all.flatMap(({ calls }) => calls)];
  }

  watch(observe: (answered: AnsweredCall) => void): void {
    this.#observers.push(observe);
  }

  /** Opens the ports. One that can't be opened is a trouble, and tried again; a reload opens and closes others. */
  async open(): Promise<void> {
    for (const { runtime } of this.#host.systems) runtime.watchContracts(() => void this.#follow());
    await this.#follow();
  }

  /** One after another: each change finds the ports as the one before has left them. */
  #follow(): Promise<void> {
    return (this.#followed = this.#followed.then(() => this.#openAndClose()));
  }

  async #openAndClose(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    const wanted = new Map(this.#context.served.all.map(({ listener }) => [listener.name, this.#addressOf(listener)]));
    for (const [name, listener] of this.#listeners) {
      const at = wanted.get(name);
      if (at && at.port === listener.port) await listener.check();
      else this.#leave(name, listener);
    }
    const others = [...wanted].filter(([name, at]) => at !== undefined && !this.#listeners.has(name));
    await Promise.all(others.map(([name, at]) => at && this.#open(name, at)));
  }

  /** Undefined: it has no port of its own. */
  #addressOf({ name, port: contractPort }: GatewaySpec["listener"]): Address | undefined {
    const place = this.#placeOf(name);
    if (place === "main" || place === "off") return undefined;
    const { host = this.#host.config.ROLLCALL_HTTP_HOST, port = contractPort } = place ?? {};
    return { host, port };
  }

  async #open(name: string, at: Address): Promise<void> {
    const { config, clock, closedListeners } = this.#host;
    const listener = new Listener({
      ...this.#options,
      ...{ name, ...at, config, clock, context: this.#context },
      onListening: (address) => {
        closedListeners.delete(name);
        this.#addresses.set(name, address);
        this.#options.onListening?.(name, address);
      },
      onClosed: (closed: ClosedListener) => {
        this.#addresses.delete(name);
        closedListeners.set(name, { ...closed, sinceMs: closedListeners.get(name)?.sinceMs ?? closed.sinceMs });
      },
    });
    this.#listeners.set(name, listener);
    await listener.open();
  }

  /** No gateway names it any more, or all name another port. */
  #leave(name: string, listener: Listener): void {
    this.#listeners.delete(name);
    this.#addresses.delete(name);
    this.#host.closedListeners.delete(name);
    this.#left.add(listener);
    listener.leave();
  }

  #placeOf(name: string): ListenerPlace | undefined {
    return this.#host.config.ROLLCALL_LISTENERS?.get(name);
  }

  /** Adds those that are joined to the host's own port: its own routes count before theirs. */
  addTo(http: FastifyInstance): void {
    const places = [...(this.#host.config.ROLLCALL_LISTENERS ?? [])];
    const joined = places.flatMap(([name, place]) => (place === "main" ? name : []));
    if (joined.length === 0) return;
    http.decorateRequest("routed", null);
    void http.register(async (scope) => {
      const served = (): Served => this.#context.served.of(...joined);
      addJsonBodyParser(scope, true);
      scope.setErrorHandler((error, request, reply) => problemSender(served)(request, reply, problemOf(error)));
      addRouting(scope, this.#context, served);
      addAdmission(scope, this.#context);
      addGatewayRoutes(scope, this.#context);
    });
  }

  /** Waiting requests are answered, and streams end. */
  async close(): Promise<void> {
    this.#closing.abort();
    const { answering, clock } = this.#context;
    const isOver = new Promise<void>((resolve) => clock.after(ANSWER_MS, resolve));
    await Promise.race([Promise.all(answering), isOver]);
    await this.#followed;
    await Promise.all([...this.#listeners.values(), ...this.#left].map((listener) => listener.close()));
  }
}
