import { z } from "zod";
import { durationMs } from "../../../runtime/contract/language/schema-parts.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

function isBetween(text: string, leastMs: number, mostMs: number): boolean {
  const ms = durationMs(text);
  return ms !== undefined && ms >= leastMs && ms <= mostMs;
}

const NETWORKS: readonly z.ZodType[] = [z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()];
const networksIn = (text: string): readonly string[] => text.split(",").map((each) => each.trim());

/** Loopback and private: what a registry inside of a network reaches anyway. */
const INSIDE = "127.0.0.0/8,::1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7";
const NEVER = "off";

export const flowNodeVariables = z.object({
  FLOW_NODES_ASK_EVERY: z
    .string()
    .refine((text) => text === NEVER || isBetween(text, 1_000, HOUR_MS), "a duration from 1s to 1h, or off")
    .default("60s")
    .describe("a connected flow node that has not beaten for so long is asked GET /state, 1s to 1h; off: never"),
  FLOW_NODES_NETWORKS: z
    .string()
    .refine(
      (text) => networksIn(text).every((each) => NETWORKS.some((kind) => kind.safeParse(each).success)),
      "networks with commas: 10.0.0.0/8,2001:db8::/32",
    )
    .default(INSIDE)
    .describe("the networks in which flow nodes are asked; never link-local addresses"),
  FLOW_NODES_STALE_AFTER: z
    .string()
    .refine((text) => isBetween(text, 1_000, 3_650 * DAY_MS), "a duration from 1s to 3650d")
    .default("30d")
    .describe("a flow node that has not been alive for so long is stale: POST /clean removes it"),
});
export type FlowNodeVariables = z.output<typeof flowNodeVariables>;

/** Undefined: never. */
export const askEveryMs = ({ FLOW_NODES_ASK_EVERY: text }: FlowNodeVariables): number | undefined => durationMs(text);
export const askedNetworks = ({ FLOW_NODES_NETWORKS: text }: FlowNodeVariables): readonly string[] => networksIn(text);
export const staleAfterMs = ({ FLOW_NODES_STALE_AFTER: text }: FlowNodeVariables): number => durationMs(text) ?? 0;
