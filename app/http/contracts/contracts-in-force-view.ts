import { z } from "zod";
import { Diagnostic } from "../../../runtime/contract/diagnostics/diagnostic.ts";

/** Which contracts run, and where. */
export const ContractsInForce = z.object({
  hash: z.string().describe("SHA-256 of the contracts' canonical content"),
  since: z.iso.datetime(),
  by: z.string().describe("who put them in force"),
  refused: z
    .object({ at: z.iso.datetime(), by: z.string(), reason: z.string(), diagnostics: z.array(Diagnostic) })
    .nullable()
    .describe("the last change that was wanted of this process, if it was refused"),
  processes: z.array(
    z.object({
      process: z.string().describe("host:pid"),
      hash: z.string().nullable().describe("under which it took its partitions over"),
      partitions: z.int(),
    }),
  ),
});
export type ContractsInForce = z.infer<typeof ContractsInForce>;
