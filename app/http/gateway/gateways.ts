import { setMaxListeners } from "node:events";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Host } from "../../host/compose.ts";
import { type ListenerPlace, MAIN_LISTENER } from "../../host/listener-variables.ts";
import type { ClosedListener } from "../../host/troubles/facts.ts";
import type { ServerOptions } from "../server/create-server.ts";
import { addJsonBodyParser } from "../server/json-body.ts";
import { problemOf } from "../server/problem.ts";
import { RateLimit } from "../server/rate-limit.ts";
import { addAdmission, addRouting, allowsOrigin } from "./admission.ts";
import {
  type AnsweredCall,
  type GatewayContext,
  gatewayContext,
  type MeasuredGateways,
  NO_CALL,
} from "./gateway-context.ts";
import { addGatewayRoutes, ANY_PATH, problemSender } from "./gateway-routes.ts";
import { type Address, Listener } from "./listener.ts";
import type { Served } from "./served-gateways.ts";

/** How long requests that are under way may take to be answered when the process stops. */
const ANSWER_MS = 1_000;

type GatewayHost = Pick<Host, "certificates" | "config" | "clock" | "systems" | "troubles" | "closedListeners">;

interface GatewaysOptions extends Pick<ServerOptions, "onInternalError" | "requestTimeoutMs"> {
  readonly onListening?: (name: string, address: string) => void;
  /** A call asks the process to leave. */
  readonly onLeave?: () => void;
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
  readonly #addresses = new Map<string, string>();
  #following: Promise<void> = Promise.resolve();
  readonly #observers: ((answered: AnsweredCall) => void)[] = [];

  constructor(host: GatewayHost, options: GatewaysOptions = {}) {
    this.#host = host;
    this.#options = options;
    // Every stream that is open listens to it.
    setMaxListeners(0, this.#closing.signal);
    this.#context = gatewayContext(host, {
      closing: this.#closing.signal,
      leave: () => options.onLeave?.(),
      onAnswered: (answered) => this.#observers.forEach((observe) => observe(answered)),
      onCut: (error, { id: requestId, ip: address, routed }) =>
        options.onInternalError?.(error, `the list of ${routed?.call.operation ?? ""}, cut`, { requestId, address }),
    });
  }

  /** By the listener's name; only those that listen. */
  get addresses(): ReadonlyMap<string, string> {
    return this.#addresses;
  }

  /** Of all ports, as variables call them. */
  get names(): readonly string[] {
    return [MAIN_LISTENER, ...new Set(this.#context.served.all.map(({ listener }) => listener.name))];
  }

  get calls(): MeasuredGateways["calls"] {
    const { all } = this.#context.served;
    return all.length === 0 ? [] : [NO_CALL, ...all.flatMap(({ calls }) => calls)];
  }

  watch(observe: (answered: AnsweredCall) => void): void {
    this.#observers.push(observe);
  }

  /** Opens the ports, and follows the contracts in force. One that can't be opened is a trouble, and tried again. */
  async open(): Promise<void> {
    for (const system of this.#host.systems)
      system.watch(({ kind }) => {
        if (kind === "contracts_in_force" || kind === "gateways_in_force") void this.#follow();
      });
    await this.#follow();
  }

  /** One after another: each change finds the ports as the one before has left them. */
  #follow(): Promise<void> {
    return (this.#following = this.#following.then(() => this.#openAndClose()));
  }

  async #openAndClose(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    const places = this.#places();
    for (const [name, listener] of this.#listeners) {
      const { host, port } = listener.place;
      const now = places.get(name);
      if (now?.host === host && now.port === port) await listener.check();
      else this.#leave(name, listener);
    }
    const others = [...places].filter(([name]) => !this.#listeners.has(name));
    await Promise.all(others.map(([name, place]) => this.#open(name, place)));
  }

  /** Where the listeners of the contracts in force are, that have a port of their own. */
  #places(): ReadonlyMap<string, Address> {
    const { ROLLCALL_HTTP_HOST } = this.#host.config;
    return new Map(
      this.#context.served.all.flatMap(({ listener: { name, port: contractPort } }) => {
        const place = this.#placeOf(name);
        if (place === "main" || place === "off") return [];
        const { host = ROLLCALL_HTTP_HOST, port = contractPort } = place ?? {};
        return [[name, { host, port }] as const];
      }),
    );
  }

  async #open(name: string, place: Address): Promise<void> {
    const { closedListeners } = this.#host;
    const listener = new Listener(this.#host, {
      ...this.#options,
      ...{ name, place, context: this.#context },
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

  get #joined(): readonly string[] {
    const names = this.#context.served.all.map(({ listener }) => listener.name);
    return [...new Set(names)].filter((name) => this.#placeOf(name) === "main");
  }

  /** Whether a page of another site may ask the host's own port for this: only calls of gateways. */
  allowsOrigin(request: FastifyRequest): boolean {
    const isOfGateways = request.routeOptions.url === ANY_PATH;
    return isOfGateways && allowsOrigin(this.#context.served.of(...this.#joined), request);
  }

  /** Adds those that are joined to the host's own port: its own routes count before theirs. */
  addTo(http: FastifyInstance): void {
    if (this.#joined.length === 0) return;
    const { config, clock } = this.#host;
    const addressLimit = new RateLimit(config.ROLLCALL_HTTP_RATE_MAX.of(MAIN_LISTENER), clock);
    http.decorateRequest("routed", null);
    void http.register(async (scope) => {
      const served = (): Served => this.#context.served.of(...this.#joined);
      addJsonBodyParser(scope, true);
      scope.setErrorHandler((error, request, reply) => problemSender(served)(request, reply, problemOf(error)));
      addRouting(scope, this.#context, { served, addressLimit });
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
    await this.#following;
    await Promise.all([...this.#listeners.values(), ...this.#left].map((listener) => listener.close()));
  }
}
