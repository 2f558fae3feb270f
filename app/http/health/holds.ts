import { z } from "zod";
import {
  type DeletionHold,
  deletionHolds,
  type ExpiryHold,
  expiryHolds,
} from "../../../runtime/shell/operators/holds.ts";
import type { System } from "../../host/system.ts";

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

/** Those in force first. */
export async function readHolds({ store, domain: { name } }: Pick<System, "store" | "domain">): Promise<Hold[]> {
  const [expiries, deletions] = await Promise.all([expiryHolds(store, name), deletionHolds(store, name)]);
  const holds = [
    ...expiries.map((hold) => holdView(name, "expiry", hold.state, hold.entities, hold)),
    ...deletions.map((hold) => holdView(name, "deletion", hold.backend, hold.deletions, hold)),
  ];
  return holds.sort((a, b) => Number(b.in_force) - Number(a.in_force));
}

function holdView(
  domain: string,
  kind: Hold["kind"],
  subject: string,
  count: number,
  { heldAtMs, total, releasedAtMs, releasedBy, reason }: ExpiryHold | DeletionHold,
): Hold {
  return {
    ...{ domain, kind, subject, count, of: total, in_force: releasedAtMs === null },
    held_at: new Date(heldAtMs).toISOString(),
    released_at: releasedAtMs === null ? null : new Date(releasedAtMs).toISOString(),
    released_by: releasedBy,
    reason,
  };
}
