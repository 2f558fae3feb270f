import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HttpBench } from "../../app/registration/http-bench.ts";
import { agreeable, type Behaviour, type HttpStandIn, standIn } from "../../effects/http-stand-in.ts";

export const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
export const TRACEPARENT = `00-${TRACE_ID}-b7ad6b7169203331-01`;

export const traceIdOf = (traceparent: string | null | undefined): string | undefined => traceparent?.split("-")[1];

/** An embedded system with a fake Consul that records the traceparent of each request. */
export class TracedSystem {
  bench!: HttpBench;
  readonly #written: { readonly body: string; readonly traceparent: string | undefined }[] = [];
  readonly #directory = mkdtempSync(join(tmpdir(), "rollcall-traced-"));
  readonly #consul: HttpStandIn;

  private constructor(consul: HttpStandIn) {
    this.#consul = consul;
  }

  static async open(): Promise<TracedSystem> {
    const consul = await standIn(() => {});
    const traced = new TracedSystem(consul);
    traced.consulAgrees();
    await traced.start();
    return traced;
  }

  /** Restarts the system on the same data. */
  async start(): Promise<void> {
    this.bench = await HttpBench.open(
      undefined,
      {},
      { ROLLCALL_DATA_DIR: this.#directory, CONSUL_HTTP_ADDR: this.#consul.address },
    );
  }

  consulAgrees(): void {
    this.#consul.behaviour = this.#heard(agreeable("rollcall/dev"));
  }

  consulBreaks(): void {
    this.#consul.behaviour = this.#heard(({ response }) => void response.destroy());
  }

  #heard(behaviour: Behaviour): Behaviour {
    return (exchange) => {
      const { traceparent } = exchange.request.headers as { readonly traceparent?: string };
      this.#written.push({ body: exchange.body, traceparent });
      return behaviour(exchange);
    };
  }

  /** `traceparent` of each request to Consul that was about a node. */
  written(node: string): readonly (string | undefined)[] {
    return this.#written.filter(({ body }) => body.includes(node)).map(({ traceparent }) => traceparent);
  }

  async say(type: string, node: string, traceparent?: string): Promise<void> {
    const headers = { "content-type": "application/json", ...(traceparent !== undefined && { traceparent }) };
    const payload = { node_id: node, ...(type === "NodeIntrospectionEvent" && { node_type: "effect" }) };
    const body = JSON.stringify({ payload_type: type, payload });
    const { status } = await this.bench.ask("/api/v1/events", { method: "POST", headers, body });
    if (status !== 202) throw new Error(`${type} of ${node} was answered with ${status}`);
  }

  /** `traceparent` of each event of a node, as Kafka's readers get it. */
  async events(node: string): Promise<ReadonlyMap<string, string | undefined>> {
    const rows = await this.bench.system.store.query<{ type: string; traceparent: string | null }>(
      `select type, line ->> 'traceparent' as traceparent from rollcall.journal
        where kind = 'event' and entity_id = $1 order by seq`,
      [node],
    );
    return new Map(rows.map(({ type, traceparent }) => [type, traceparent ?? undefined]));
  }

  async close(): Promise<void> {
    await this.bench.close();
    await this.#consul.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
