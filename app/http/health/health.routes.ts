import { z } from "zod";
import type { System } from "../../host/compose.ts";
import { withTimeout } from "../../host/with-timeout.ts";
import type { Http } from "../server/route-types.ts";
import { cachedAnswer } from "./cached-answer.ts";
import { expiryHoldView } from "./holds.routes.ts";
import { holdsInForce, refusedContracts } from "./troubles.ts";

const PartStatus = z.object({ ok: z.boolean(), reason: z.string().optional() });
export const ReadinessView = z.object({
  status: z.enum(["ready", "not_ready"]),
  notices: z.array(z.string()).describe("what an operator should know although it stops no work, such as a hold"),
  parts: z.object({
    bus: PartStatus,
    store: PartStatus,
    catalogue: PartStatus,
    contracts: PartStatus.extend({ hash: z.string() }),
    partitions: PartStatus.extend({ owned: z.int(), of: z.int(), refused: z.array(z.string()) }),
  }),
});
export type ReadinessView = z.infer<typeof ReadinessView>;

/** How old an answer of the catalogue may be, and how long it may take. */
const REACH_CACHE_MS = 2_000;
const REACH_TIMEOUT_MS = 2_000;
/** An owner records once a second that it serves its partitions: after this long nobody does. */
const UNSERVED_SECONDS = 5;

type PartState = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** Checks whether each part of a system can do its work. */
export class Readiness {
  readonly #system: System;
  readonly #reachCatalogue: () => Promise<PartState>;

  constructor(system: System) {
    this.#system = system;
    const { catalog, clock } = system;
    this.#reachCatalogue = cachedAnswer(
      clock,
      (tookMs) => REACH_CACHE_MS - tookMs,
      () => withTimeout(clock, REACH_TIMEOUT_MS, catalog.probe()).then(() => ({ ok: true }), failed),
    );
  }

  async parts(): Promise<ReadinessView["parts"]> {
    const { runtime, domain } = this.#system;
    const { bus, store, owned, partitions: of, refused } = runtime.status();
    const [catalogue, served] = await Promise.all([
      this.#reachCatalogue(),
      this.#partitionStatus(owned.length, of).catch(failed),
    ]);
    const partitions: PartState = refused.length > 0 ? { ok: false, reason: refused.join("; ") } : served;
    return {
      bus,
      store,
      catalogue,
      contracts: { ok: true, hash: domain.contractHash },
      partitions: { ...partitions, owned: owned.length, of, refused: [...refused] },
    };
  }

  notices(): string[] {
    const { runtime, domain } = this.#system;
    const { holds, brokerTimeMs } = runtime.status();
    const expiryHolds = holds.map((hold) => expiryHoldView(domain.name, hold));
    const troubles = [...refusedContracts(runtime.refusedChange), ...holdsInForce(expiryHolds, brokerTimeMs)];
    return troubles.map(({ line }) => line);
  }

  /** A process without partitions is ready when other processes serve all of them: it can take over. */
  async #partitionStatus(owned: number, of: number): Promise<PartState> {
    if (owned > 0) return { ok: true };
    if (of === 0) return { ok: false, reason: "not started yet" };
    const services = await readPartitionServices(this.#system);
    const served = services.filter(({ isServed }) => isServed).length;
    return served >= of ? { ok: true } : { ok: false, reason: `none owned, and ${of - served} of ${of} unserved` };
  }
}

const failed = (error: unknown): PartState => ({
  ok: false,
  reason: error instanceof Error ? error.message : String(error),
});

/** Every partition of the domain, by number: whether a process serves it now, and since when it was last served. */
export const readPartitionServices = ({ store, domain }: Pick<System, "store" | "domain">) =>
  store.query<{ readonly partition: number; readonly isServed: boolean; readonly seconds: number }>(
    `select partition, seconds, owner <> '' and seconds < ${UNSERVED_SECONDS} as "isServed"
       from rollcall.partition_owner, lateral (select extract(epoch from now() - served_at)::float8 as seconds) as since
      where domain = $1 order by partition`,
    [domain.name],
  );

export function addHealthRoutes(http: Http, readiness: Readiness): void {
  http.get(
    "/health/live",
    {
      config: { access: "anyone" },
      schema: { summary: "Whether the process answers", response: { 200: z.object({ status: z.literal("live") }) } },
    },
    () => ({ status: "live" as const }),
  );
  http.get(
    "/health/ready",
    {
      config: { access: "anyone" },
      schema: {
        summary: "Whether the process can do its work: each part, with the reason when it can't",
        description:
          "Reasons name machines and users: where tokens are configured, only a caller with a token gets them.",
        response: { 200: ReadinessView, 503: ReadinessView },
      },
    },
    async ({ caller: { role } }, reply) => {
      const parts = await readiness.parts();
      const ready = Object.values(parts).every(({ ok }) => ok);
      return reply.code(ready ? 200 : 503).send({
        status: ready ? "ready" : "not_ready",
        notices: role ? readiness.notices() : [],
        parts: role ? parts : withoutReasons(parts),
      });
    },
  );
}

function withoutReasons(parts: ReadinessView["parts"]): ReadinessView["parts"] {
  const { ok, owned, of } = parts.partitions;
  return {
    bus: { ok: parts.bus.ok },
    store: { ok: parts.store.ok },
    catalogue: { ok: parts.catalogue.ok },
    contracts: { ok: parts.contracts.ok, hash: parts.contracts.hash },
    partitions: { ok, owned, of, refused: [] },
  };
}
