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
