import type { AnsweredCall } from "../gateway/gateway-context.ts";
import { type MetricsRegistry, REQUEST_SECONDS } from "./instruments.ts";

/** What requests are counted as: by the class of a status that was sent with all behind it, or by what broke it off. */
const ENDS = ["2xx", "3xx", "4xx", "5xx", "cut", "left"];

type Named = Pick<AnsweredCall, "gateway" | "operation">;

/** Requests of gateways. Labels are names of contracts: what is sent makes none. */
export class GatewayMetrics {
  readonly #metrics: MetricsRegistry;
  readonly #measures = new Map<string, ReturnType<typeof measuresOf>>();
  readonly #begun = new Set<string>();

  constructor(metrics: MetricsRegistry) {
    this.#metrics = metrics;
  }

  /** Begins the series of calls, so that the first request of each is seen as an increase. */
  begin(calls: readonly Named[]): void {
    for (const { gateway, operation } of calls) {
      const key = `${gateway} ${operation}`;
      if (this.#begun.has(key)) continue;
      this.#begun.add(key);
      const { requests, durations } = this.#of(gateway);
      for (const each of ENDS) requests(operation, each, 0);
      durations.zero({ operation });
    }
  }

  answered({ gateway, operation, status, end, seconds }: AnsweredCall): void {
    const { requests, durations } = this.#of(gateway);
    requests(operation, end === "sent" ? `${Math.floor(status / 100)}xx` : end);
    durations.observe(seconds, { operation });
  }

  #of(gateway: string): ReturnType<typeof measuresOf> {
    const known = this.#measures.get(gateway) ?? measuresOf(this.#metrics, gateway);
    this.#measures.set(gateway, known);
    return known;
  }
}

function measuresOf(metrics: MetricsRegistry, gateway: string) {
  const { counter, histogram } = metrics.ofGateway(gateway);
  const answered =
    "Requests of a gateway's calls, by the class of their answers' status. cut: the answer failed behind its status " +
    "and was broken off; left: the caller did not wait for its end.";
  const took = "From a request of a gateway's call to the end of its answer; of a stream to its end.";
  return {
    requests: counter("gateway_requests_total", answered, ["operation", "status"]),
    durations: histogram("gateway_request_duration_seconds", took, REQUEST_SECONDS, ["operation"]),
  };
}
