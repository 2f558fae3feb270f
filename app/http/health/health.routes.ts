import { z } from "zod";
import type { Http } from "../server/route-types.ts";
import { type Readiness, ReadinessView } from "./readiness.ts";

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
        summary: "Whether it can do its work: each part, with the reason when not",
        description: "Reasons name machines and users: where tokens are configured, they are for those who send one.",
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

/** Without reasons. */
function withoutReasons({
  bus,
  store,
  catalogue,
  contracts,
  partitions,
}: ReadinessView["parts"]): ReadinessView["parts"] {
  const { hash } = contracts;
  const { owned, of } = partitions;
  return {
    bus: { ok: bus.ok },
    store: { ok: store.ok },
    catalogue: { ok: catalogue.ok },
    contracts: { ok: contracts.ok, hash },
    partitions: { ok: partitions.ok, owned, of, refused: [] },
  };
}
