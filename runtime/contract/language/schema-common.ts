import { z } from "zod";
import { LowerCaseName, SnakeName } from "./schema-parts.ts";

const version = (what: string) => z.int().min(0).describe(what);

/** The keys of every kind of contract. */
export const common = {
  name: SnakeName.describe("Unique among all contracts."),
  description: z.string().optional().describe("What this contract is for, for people."),
  contract_version: z
    .strictObject({
      major: version("Rises when readers must change."),
      minor: version("Rises with every addition."),
      patch: version("Rises with every correction."),
    })
    .describe("Rises when the content changes."),
  domain: LowerCaseName.describe(
    "The domain it belongs to: one orchestrator, at most one reducer, any number of others.",
  ),
  metadata: z.unknown().optional().describe("Free content for people; nothing reads it."),
};

export const kind = <Kind extends string>(name: Kind) =>
  z.literal(name).describe("ORCHESTRATOR, REDUCER, EFFECT, COMPUTE or GATEWAY.");
