import type { FastifyInstance } from "fastify";
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
import { Listener } from "./listener.ts";
import type { Served } from "./served-gateways.ts";

/** How long requests that are under way may take to be answered when the process stops. */
const ANSWER_MS = 1_000;

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
  readonly #addresses = new Map<string, string>();
  readonly #observers: ((answered: AnsweredCall) => void)[] = [];

  constructor(host: GatewayHost, options: GatewaysOptions = {}) {
    this.#host = host;
    this.#options = options;
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

  /** Opens the ports. One that can't be opened is a trouble, and tried again. */
  async open(): Promise<void> {
    const names = new Map(this.#context.served.all.map(({ listener }) => [listener.name, listener.port]));
    await Promise.all([...names].map(([name, port]) => this.#open(name, port)));
  }

  async #open(name: string, contractPort: number): Promise<void> {
    const { config, clock, closedListeners } = this.#host;
    const place = this.#placeOf(name);
    if (place === "main" || place === "off") return;
    const { host = config.ROLLCALL_HTTP_HOST, port = contractPort } = place ?? {};
    const listener = new Listener({
      ...this.#options,
      ...{ name, host, port, config, clock, context: this.#context },
      onListening: (address) => {
        closedListeners.delete(name);
        this.#addresses.set(name, address);
        this.#options.onListening?.(name, address);
      },
      onClosed: (closed: ClosedListener) =>
        void closedListeners.set(name, { ...closed, sinceMs: closedListeners.get(name)?.sinceMs ?? closed.sinceMs }),
    });
    this.#listeners.set(name, listener);
    await listener.open();
  }

  #placeOf(name: string): ListenerPlace | undefined {
    return this.#host.config.ROLLCALL_LISTENERS?.get(name);
  }

  /** Adds those that are joined to the host's own port: its own routes count before theirs. */
  addTo(http: FastifyInstance): void {
    const joined = [...new Set(this.#context.served.all.map(({ listener }) => listener.name))].filter(
      (name) => this.#placeOf(name) === "main",
    );
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
    await Promise.all([...this.#listeners.values()].map((listener) => listener.close()));
  }
}
