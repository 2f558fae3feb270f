import type { FastifyRequest } from "fastify";
import type { CallSpec, GatewaySpec } from "../../../runtime/core/gateway.ts";
import type { Clock } from "../../../runtime/ports/clock.ts";
import type { Host, System } from "../../host/compose.ts";
import { EntityCounts } from "../entities/entity-counts.ts";
import { BatchingPublisher } from "../events/batching-publisher.ts";
import { JournalTail } from "../events/journal-tail.ts";
import { FixedWindows } from "../server/fixed-windows.ts";
import { type Served, ServedGateways } from "./served-gateways.ts";

/** A domain as its gateways use it. */
interface GatewayDomain {
  readonly system: System;
  readonly publisher: BatchingPublisher;
  readonly counts: EntityCounts;
  readonly tail: JournalTail;
}

/** A request that was answered, by names of contracts alone; `none`: it was for no call. */
export interface AnsweredCall {
  readonly gateway: string;
  readonly operation: string;
  readonly status: number;
  /** `cut`: it failed when its status was sent already; `left`: its caller did not wait for its end. */
  readonly end: "sent" | "cut" | "left";
  /** From the request to the end of its answer. */
  readonly seconds: number;
}

/** What requests count as that came to a gateway's port, and are for no call. */
export const NO_CALL = { gateway: "none", operation: "none" } as const;

/** What measures gateways uses of them. */
export interface MeasuredGateways {
  /** Those that are served at present. */
  readonly calls: readonly Pick<CallSpec, "gateway" | "operation">[];
  watch(observe: (answered: AnsweredCall) => void): void;
}

/** What the gateways of a process share, whichever port a request comes to. */
export interface GatewayContext {
  readonly clock: Clock;
  readonly served: ServedGateways;
  readonly windows: FixedWindows;
  /** Aborted when the process stops. */
  readonly closing: AbortSignal;
  /** Of each request that is under way: settled when it is answered, or its caller has gone. */
  readonly answering: Set<Promise<void>>;
  /** How many lists without a page each listener is writing. */
  readonly wholeLists: Map<string, number>;
  /** Called for a list that was cut: its status was sent, so nobody else is told why. */
  readonly onCut: (error: unknown, request: FastifyRequest) => void;
  /** Requests whose lists were cut. */
  readonly cut: WeakSet<FastifyRequest>;
  readonly streams: { readonly max: number; count: number };
  readonly troubles: Pick<Host["troubles"], "list">;
  /** A path of the port, as clients reach it. */
  readonly link: (path: string) => string;
  readonly onAnswered: (answered: AnsweredCall) => void;
  /** Drains the process, and ends it. */
  readonly leave: () => void;
  /** @throws Error for one that is not served here */
  domain(name: string): GatewayDomain;
}

export function gatewayContext(
  host: Pick<Host, "systems" | "clock" | "config" | "troubles">,
  { closing, onCut, onAnswered, leave }: Pick<GatewayContext, "closing" | "onCut" | "onAnswered" | "leave">,
): GatewayContext {
  const { systems, clock, config, troubles } = host;
  const domains = new Map(
    systems.map((system) => [
      system.name,
      {
        ...{ system, publisher: new BatchingPublisher(system.bus), counts: new EntityCounts(system) },
        tail: new JournalTail(system),
      },
    ]),
  );
  return {
    ...{
      clock,
      closing,
      onCut,
      onAnswered,
      leave,
      troubles,
      wholeLists: new Map(),
      cut: new WeakSet(),
      served: new ServedGateways(systems, config.ROLLCALL_HTTP_ORIGINS),
      windows: new FixedWindows(clock),
    },
    answering: new Set(),
    link: (path) => (config.PUBLIC_URL ?? "") + path,
    streams: { max: config.ROLLCALL_HTTP_STREAMS_MAX, count: 0 },
    domain(name) {
      const domain = domains.get(name);
      if (domain) return domain;
      throw new Error(`the domain ${name} is not served here`);
    },
  };
}

/** The call that a request is for. It stays the same while a reload changes what is served. */
export interface Routed {
  readonly call: CallSpec;
  readonly gateway: GatewaySpec | undefined;
  /** What is served where the request came to, now. */
  readonly served: () => Served;
  readonly params: Readonly<Record<string, string>>;
}

declare module "fastify" {
  interface FastifyRequest {
    /** Null: the request is for no call of a gateway. */
    routed: Routed | null;
  }
}

export const routedOf = ({ routed }: FastifyRequest): Routed => {
  if (routed) return routed;
  throw new Error("the request was not routed");
};
