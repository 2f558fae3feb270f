import { z } from "zod";
import { deletionHolds, type ExpiryHold, expiryHolds, releaseHold } from "../../../runtime/shell/operators/holds.ts";
import type { System } from "../../host/compose.ts";
import { decisionBy, Reason } from "../server/operator-decision.ts";
import { notFound, Problem } from "../server/problem.ts";
import { apiRoute, type Http } from "../server/route-types.ts";
import type { DomainApi } from "../server/domain-api.ts";

export const Hold = z.object({
  domain: z.string(),
  kind: z.enum(["expiry", "deletion"]).describe("what is held: the expiry of a state, or deletions from a backend"),
  subject: z.string().describe("the state, or the backend"),
  in_force: z.boolean(),
  held_at: z.iso.datetime(),
  count: z.int().describe("how many would have expired or been deleted at once"),
  of: z.int().describe("out of how many, as the process counted that began the hold"),
  released_at: z.iso.datetime().nullable(),
  released_by: z.string().nullable().describe("null: nobody, it ended by itself"),
  reason: z.string().nullable(),
});
export type Hold = z.infer<typeof Hold>;

const List = z.object({ items: z.array(Hold) });
const Params = z.object({ domain: z.string().max(255), subject: z.string().max(255) });
const Query = z.object({
  by: z.string().min(1).max(255).optional().describe("who decides this; the caller's identity is kept as well"),
  reason: Reason.optional(),
});

export function addHoldRoutes(http: Http, { system }: DomainApi): void {
  http.get(
    "/holds",
    apiRoute(["reader"], { summary: "Holds in force, and how recent ones ended", response: { 200: List } }),
    async () => ({ items: await readHolds(system) }),
  );

  http.post(
    "/holds/:domain/:subject/release",
    apiRoute([], {
      summary: "Releases a hold",
      description: "Who, when, what and why are kept in rollcall.operator_decision and logged.",
      params: Params,
      querystring: Query,
      response: { 200: Hold },
    }),
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

/** Those in force first. */
export async function readHolds({ store, domain: { name } }: Pick<System, "store" | "domain">): Promise<Hold[]> {
  const [expiries, deletions] = await Promise.all([expiryHolds(store, name), deletionHolds(store, name)]);
  const holds = [
    ...expiries.map((hold) => expiryHoldView(name, hold)),
    ...deletions.map(({ backend: subject, deletions: count, ...hold }) =>
      holdView({ domain: name, kind: "deletion", subject, count }, hold),
    ),
  ];
  return holds.sort((a, b) => Number(b.in_force) - Number(a.in_force));
}

const expiryHoldView = (domain: string, { state: subject, entities: count, ...hold }: ExpiryHold): Hold =>
  holdView({ domain, kind: "expiry", subject, count }, hold);

const holdView = (
  held: Pick<Hold, "domain" | "kind" | "subject" | "count">,
  { heldAtMs, total, releasedAtMs, releasedBy, reason }: Omit<ExpiryHold, "state" | "entities">,
): Hold => ({
  ...held,
  of: total,
  in_force: releasedAtMs === null,
  held_at: new Date(heldAtMs).toISOString(),
  released_at: releasedAtMs === null ? null : new Date(releasedAtMs).toISOString(),
  released_by: releasedBy,
  reason,
});
