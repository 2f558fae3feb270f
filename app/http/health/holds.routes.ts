import { z } from "zod";
import {
  type DeletionHold,
  deletionHolds,
  type ExpiryHold,
  expiryHolds,
  releaseDeletions,
  releaseExpiry,
} from "../../../runtime/shell/operators/holds.ts";
import type { System } from "../../host/system.ts";
import { type Http, PROBLEMS } from "../server/route-types.ts";
import { notFound, Problem } from "../server/problem.ts";

export const Hold = z.object({
  domain: z.string(),
  kind: z.enum(["expiry", "deletion"]).describe("what is held: the expiry of a state, or deletions from a backend"),
  subject: z.string().describe("the state, or the backend"),
  in_force: z.boolean(),
  held_at: z.iso.datetime(),
  count: z.int().describe("how many would have gone at once"),
  of: z.int().describe("of how many, seen by the process that began it"),
  released_at: z.iso.datetime().nullable(),
  released_by: z.string().nullable().describe("null: nobody, it ended by itself"),
  reason: z.string().nullable(),
});
export type Hold = z.infer<typeof Hold>;

const List = z.object({ items: z.array(Hold) });
const Params = z.object({ domain: z.string().max(255), subject: z.string().max(255) });
const Query = z.object({
  by: z.string().min(1).max(255).optional().describe("who decides this, beside what the request itself shows"),
  reason: z.string().min(1).max(1_024).optional().describe("why"),
});

export function addHoldRoutes(http: Http, system: System): void {
  const { store, domain, runtime } = system;

  http.get(
    "/api/v1/holds",
    {
      config: { access: ["reader"] },
      schema: {
        summary: "Holds in force, and how recent ones ended",
        response: { 200: List, ...PROBLEMS },
      },
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
    async ({ caller: { identity }, params: { domain: name, subject }, query: { by, reason = null } }) => {
      const matching = (await readHolds(system)).filter((each) => each.domain === name && each.subject === subject);
      if (matching.length === 0) throw notFound(`nothing of ${name} ${subject} was ever held`);
      const who = by === undefined ? identity : `${by} (${identity})`;
      const decision = { domain: domain.name, who, reason, atMs: runtime.status().brokerTimeMs };
      const released = [
        await releaseExpiry(store, subject, decision),
        await releaseDeletions(store, subject, decision),
      ];
      if (!released.some(Boolean)) throw new Problem("conflict", `${subject} is not held: see GET /api/v1/holds`);
      const kind = released[0] ? "expiry" : "deletion";
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
    ...expiries.map((hold): Hold => ({
      kind: "expiry",
      subject: hold.state,
      count: hold.entities,
      ...holdFields(name, hold),
    })),
    ...deletions.map((hold): Hold => ({
      kind: "deletion",
      subject: hold.backend,
      count: hold.deletions,
      ...holdFields(name, hold),
    })),
  ];
  return holds.sort((a, b) => Number(b.in_force) - Number(a.in_force));
}

const holdFields = (
  domain: string,
  { heldAtMs, total, releasedAtMs, releasedBy, reason }: ExpiryHold | DeletionHold,
) => ({
  domain,
  of: total,
  in_force: releasedAtMs === null,
  held_at: new Date(heldAtMs).toISOString(),
  released_at: releasedAtMs === null ? null : new Date(releasedAtMs).toISOString(),
  released_by: releasedBy,
  reason,
});
