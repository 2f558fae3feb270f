import { z } from "zod";
import { Told } from "../../../contracts/flow-node/messages/fields.ts";
import { Flow, RejectedFlow } from "../../../contracts/flow-node/messages/flow.ts";

const time = z.iso.datetime();
const count = z.int().min(0);

/** A node as it is listed. */
export const NodeBody = z.object({
  node: z.string(),
  online: time.nullable().describe("since when it is connected; null: it has said goodbye"),
  heartbeat: time.nullable().describe("when it was last heard of"),
  alive: z.boolean().describe("whether it is connected, and was heard of within 300 s"),
  held: z.string().optional().describe("why it is alive beside an old heartbeat"),
  state: Told.optional().describe("what it tells of itself"),
  flows: z.array(Flow),
});
export type NodeBody = z.infer<typeof NodeBody>;

export const listOf = (rows: z.ZodType): z.ZodType => z.object({ nodes: rows });
export const adminsOf = (rows: z.ZodType): z.ZodType => z.object({ admins: z.object({ nodes: rows }) });
export const AdmittedBody = z.object({ admins: z.object({ nodes: z.array(z.string()) }) });

export const RevokedBody = z.object({
  node: z.string(),
  revoked: z.object({ by: z.string(), reason: z.string().nullable(), since: time }).nullable(),
});

export const ConnectionBody = z.object({
  name: z.string(),
  flows: z.array(z.string()).describe("the paths of those that are listed"),
  rejected: z.array(RejectedFlow),
  warnings: z.array(z.string()).describe("paths that other nodes offer too"),
});

export const BeatBody = z.object({
  node: z.string(),
  heartbeat: time.nullable(),
  alive: z.boolean(),
  lease: z
    .object({
      ttl_seconds: z.number().describe("how long a beat counts"),
      next_heartbeat_at: time.describe("when the next one should come"),
    })
    .nullable(),
});

export const StateBody = z.object({
  ...{ status: z.enum(["healthy", "unhealthy"]), service: z.string(), version: z.string() },
  ...{ uptime_seconds: count, store: z.enum(["reachable", "unreachable"]) },
  nodes: z
    .object({ admitted: count, connected: count, disconnected: count, not_alive: count, revoked: count })
    .nullable()
    .describe("how many of each; null: they can't be counted"),
});

const Stale = z.object({ node: z.string(), since: time, why: z.enum(["revoked", "not_alive"]) });
export const StaleBody = z.object({ stale: z.array(Stale).describe("at most 1000, the longest ones first") });
export const CleanedBody = z.object({
  removed: z.array(z.string()).describe("within seconds: what is under way is done first"),
});
export const LeavingBody = z.object({ leaving: z.literal(true) });
