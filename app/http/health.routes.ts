import { z } from "zod";
import type { System } from "../system.ts";
import type { Http } from "./http.ts";
import { Readiness, Ready } from "./readiness.ts";

export function addHealthRoutes(http: Http, system: System): void {
  const readiness = new Readiness(system);
  http.get(
    "/health/live",
    { schema: { summary: "Whether the process answers", response: { 200: z.object({ status: z.literal("live") }) } } },
    () => ({ status: "live" as const }),
  );
  http.get(
    "/health/ready",
    {
      schema: {
        summary: "Whether it can do its work: each part, with the reason when not",
        response: { 200: Ready, 503: Ready },
      },
    },
    async (_request, reply) => {
      const parts = await readiness.parts();
      const ready = Object.values(parts).every(({ ok }) => ok);
      return reply.code(ready ? 200 : 503).send({ status: ready ? "ready" : "not_ready", parts });
    },
  );
}
