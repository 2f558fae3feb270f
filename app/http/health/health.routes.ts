import { z } from "zod";
import type { Host } from "../../host/compose.ts";
import { blockers, troublesFor } from "../../host/troubles/trouble.ts";
import type { Caller } from "../server/access.ts";
import { notServedProblem } from "../server/problem.ts";
import { apiRoute, type Http } from "../server/route-types.ts";
import { Parts, partsOf, withoutReasons } from "./parts.ts";
import { TroubleView, troubleView } from "./trouble-view.ts";

const Readiness = z.object({
  status: z.enum(["ready", "not_ready"]),
  troubles: z.array(TroubleView).describe("what an operator should know; what blocks comes first"),
  parts: Parts.optional().describe("of the domain that was asked for, or of the only one"),
});
const Query = z.object({ domain: z.string().max(255).optional().describe("only this domain's readiness") });

export function addHealthRoutes(http: Http, { systems, troubles }: Pick<Host, "systems" | "troubles">): void {
  http.get(
    "/health/live",
    {
      config: { access: "anyone", unlimited: true },
      schema: { summary: "Whether the process answers", response: { 200: z.object({ status: z.literal("live") }) } },
    },
    () => ({ status: "live" as const }),
  );
  const described = apiRoute("anyone", {
    summary: "Whether the process, or one of its domains, can do its work",
    description:
      "503: at least one trouble blocks it. Texts name machines and users: where tokens are configured, only a " +
      "caller with a token gets the troubles and the reasons of parts.",
    querystring: Query,
    response: { 200: Readiness, 503: Readiness },
  });
  const route = { ...described, config: { ...described.config, unlimited: true } } as const;
  http.get("/health/ready", route, async ({ caller, query: { domain: name } }, reply) => {
    const system = systemOf(systems, name, caller);
    const all = await troubles.list();
    const isReady = blockers(all, name).length === 0;
    const shown = name === undefined ? all : troublesFor(all, name);
    const parts = system && partsOf(system, all);
    return reply.code(isReady ? 200 : 503).send({
      status: isReady ? "ready" : "not_ready",
      troubles: caller.role ? shown.map(troubleView) : [],
      ...(parts && { parts: caller.role ? parts : withoutReasons(parts) }),
    });
  });
}

/**
 * @returns the only domain when none is named and there is just one
 * @throws Problem not-found for a domain that is not served here
 */
export function systemOf(
  systems: Host["systems"],
  name: string | undefined,
  caller: Pick<Caller, "role">,
): Host["systems"][number] | undefined {
  if (name === undefined) return systems.length === 1 ? systems[0] : undefined;
  const system = systems.find((each) => each.name === name);
  if (system) return system;
  throw notServedProblem(
    name,
    systems.map((each) => each.name),
    caller,
  );
}
