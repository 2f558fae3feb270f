import { createRequire } from "node:module";
import { Kafka, logLevel, type SASLOptions } from "kafkajs";
import type { TransportLog } from "./transport.ts";

export interface KafkaAccess {
  /** `host:port` each. */
  readonly brokers: readonly string[];
  readonly sasl?: {
    readonly mechanism: "plain" | "scram-sha-256" | "scram-sha-512";
    readonly username: string;
    readonly password: string;
  };
  /** PEM texts. */
  readonly ssl?: boolean | { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

export function createKafka({ brokers, sasl, ssl }: KafkaAccess, log: TransportLog): Kafka {
  stopIdleTimer();
  return new Kafka({
    brokers: [...brokers],
    clientId: "rollcall-client",
    ...(sasl && { sasl: { ...sasl } as SASLOptions }),
    ...(ssl !== undefined && { ssl }),
    connectionTimeout: 3_000,
    requestTimeout: 10_000,
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => log("info", `kafkajs ${entry.namespace}: ${entry.log.message}`, entry.log["error"]),
  });
}

interface RequestQueue {
  readonly pending: readonly unknown[];
  readonly throttledUntil: number;
  scheduleCheckPendingRequests(): void;
}

const load = createRequire(import.meta.url);
let isPatched = false;

/**
 * kafkajs 2.2.4 sets a timer with a negative delay while it is idle: it fires every millisecond and costs an idle node
 * 4 to 6 % of a core. Other versions, and a bundled kafkajs, are not changed. The runtime's Kafka adapter has the same
 * patch (`runtime/adapters/kafka/kafkajs-patches.ts`), which this package can't import.
 */
function stopIdleTimer(): void {
  if (isPatched) return;
  isPatched = true;
  const prototype = knownRequestQueue();
  if (!prototype) return;
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this);
  };
}

function knownRequestQueue(): RequestQueue | undefined {
  try {
    if ((load("kafkajs/package.json") as { version: string }).version !== "2.2.4") return undefined;
    return (load("kafkajs/src/network/requestQueue/index.js") as { prototype: RequestQueue }).prototype;
  } catch {
    return undefined;
  }
}
