import { z } from "zod";
import { releaseHold } from "../../../runtime/shell/operators/holds.ts";
import type { System } from "../../host/system.ts";
import { decisionBy, Reason } from "../server/operator-decision.ts";
import { notFound, Problem } from "../server/problem.ts";
import { type Http, PROBLEMS } from "../server/route-types.ts";
import { Hold, readHolds } from "./holds.ts";

const List = z.object({ items: z.array(Hold) });
const Params = z.object({ domain: z.string().max(255), subject: z.string().max(255) });
const Query = z.object({
  by: z.string().min(1).max(255).optional().describe("who decides this; the caller's identity is kept as well"),
  reason: Reason.optional(),
});

export function addHoldRoutes(http: Http, system: System): void {
  http.get(
    "/api/v1/holds",
    {
      config: { access: ["reader"] },
      schema: { summary: "Holds in force, and how recent ones ended", response: { 200: List, ...PROBLEMS } },
    },
    async () => ({ items: await readHolds(system) }),
  );

  http.post(
    "/api/v1/holds/:domain/:subject/release",
    {
      config: { access: [] },
      schema: {
        summary: "Releases a hold",
        description: "Who, when, what and why are kept in rollcall.operator_decision and logged.",
        params: Params,
        querystring: Query,
        response: { 200: Hold, ...PROBLEMS },
      },
    },
    async ({ caller: { identity }, params: { domain: name, subject }, query: { by, reason } }) => {
      const matching = (await readHolds(system)).filter((each) => each.domain === name && each.subject === subject);
      if (matching.length === 0) throw notFound(`there is no hold of ${name} ${subject}`);
      const decision = decisionBy(system, by === undefined ? identity : `${by} (${identity})`, reason);
      const isExpiry = await releaseHold(system.store, "expiry", subject, decision);
      const isDeletion = await releaseHold(system.store, "deletion", subject, decision);
      if (!isExpiry && !isDeletion) throw new Problem("conflict", `${subject} is not held: see GET /api/v1/holds`);
      const kind = isExpiry ? "expiry" : "deletion";
      const hold = (await readHolds(system)).find((each) => each.subject === subject && each.kind === kind);
      if (!hold) throw notFound(`the hold of ${subject} is gone`);
      return hold;
    },
  );
}
