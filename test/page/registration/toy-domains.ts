import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HttpBench, lasting } from "../../app/registration/http-bench.ts";
import { waitUntil } from "../../real/services/wait-until.ts";
import { toyModule } from "../../host/toy-module.ts";

/** Registration, and two domains that the page has never heard of. */
export interface ToyDomains {
  readonly bench: HttpBench;
  place(domain: "books" | "tools", id: string): Promise<void>;
  /** Places an order and waits until its customer is told. */
  order(domain: "books" | "tools", id: string): Promise<void>;
  /** Makes a domain fail until the host ends. */
  fail(domain: "books" | "tools"): Promise<void>;
  close(): Promise<void>;
}

export async function openToyDomains(): Promise<ToyDomains> {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-page-domains-"));
  const bench = await HttpBench.open(lasting, { modules: ["books", "tools"].map((name) => toyModule(name, folder)) });
  const post = (path: string, body: object) =>
    bench.ask(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const place: ToyDomains["place"] = async (domain, order_id) => {
    const payload = { order_id, amount: 5 };
    const sent = await post(`/api/v1/domains/${domain}/events`, { payload_type: "PlaceOrder", payload });
    if (sent.status !== 202) throw new Error(JSON.stringify(sent.body));
  };
  return {
    ...{ bench, place },
    async order(domain, order_id) {
      await place(domain, order_id);
      await waitUntil(
        async () => {
          const { body } = await bench.ask(`/api/v1/domains/${domain}/entities/${encodeURIComponent(order_id)}`);
          if (body["state"] !== "TOLD") throw new Error(`it is ${String(body["state"])}`);
        },
        { what: `the customer of ${order_id} is told`, timeoutMs: 30_000 },
      );
    },
    async fail(domain) {
      const { store, runtime } = bench.host.system(domain);
      // Another number of partitions than its other topics have: until that is corrected it can't be started.
      const topic = `dev.${domain}.place-order`;
      await store.query("update rollcall.bus_topic set partitions = 5 where topic = $1", [topic]);
      void runtime.restart(new Error("a disk is full"));
      await waitUntil(async () => void ((runtime.failure?.error as { code?: string }).code ?? fail()), {
        what: `${domain} has failed`,
        timeoutMs: 30_000,
      });
    },
    async close() {
      await bench.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const fail = (): never => {
  throw new Error("it has not been started anew yet");
};
