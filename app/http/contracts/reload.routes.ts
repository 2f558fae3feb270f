import { z } from "zod";
import { Diagnostic } from "../../../runtime/contract/diagnostics/diagnostic.ts";
import { contractInForce } from "../../../runtime/stored/contract-sets.ts";
import { readOwners } from "../../../runtime/stored/partition-owners.ts";
import { InvalidContractsError, IncompatibleContractsError } from "../../host/contracts-in-force.ts";
import type { System } from "../../host/compose.ts";
import { Problem } from "../server/problem.ts";
import { apiRoute, type Http } from "../server/route-types.ts";
import type { DomainApi } from "../server/domain-api.ts";
import { diagnosticView } from "./contracts.routes.ts";

const DIAGNOSTICS_MAX = 200;

/** Which contracts run, and where. */
const ContractsInForce = z.object({
  hash: z.string().describe("SHA-256 of the contracts' canonical content"),
  state_version: z.int().describe("of entities' data: code with a lower one is refused"),
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

export function addReloadRoutes(http: Http, { system }: DomainApi): void {
  http.get(
    "/contracts/in-force",
    apiRoute(["reader"], {
      summary: "Which contracts all processes run, since when, by whom, and what was refused last",
      response: { 200: ContractsInForce },
    }),
    () => readContractsInForce(system),
  );

  http.post(
    "/contracts/reload",
    apiRoute([], {
      summary: "Puts the contracts of this process's folder in force, for every process, or changes nothing",
      description:
        "409 with `diagnostics` for contracts that have errors, with `reasons` for sound ones that what is " +
        "stored could not go on under.",
      response: { 200: z.object({ hash: z.string(), changed: z.boolean() }) },
    }),
    async ({ caller: { identity } }) => system.runtime.reload(identity).catch(throwAsProblem),
  );
}

async function readContractsInForce({ store, runtime, domain }: System): Promise<ContractsInForce> {
  const inForce = await contractInForce(store, domain.name);
  if (!inForce) throw new Problem("unavailable", "no contracts are in force yet", { retryAfterSeconds: 1 });
  const { refusedChange: refused } = runtime;
  return {
    hash: inForce.hash,
    state_version: inForce.stateVersion,
    since: inForce.since.toISOString(),
    by: inForce.by,
    refused: refused && {
      at: new Date(refused.atMs).toISOString(),
      by: refused.by,
      reason: refused.reason,
      diagnostics: diagnosticViews(refused.diagnostics),
    },
    processes: await readOwners(store, domain.name),
  };
}

function throwAsProblem(error: unknown): never {
  if (!(error instanceof InvalidContractsError || error instanceof IncompatibleContractsError)) throw error;
  throw new Problem("conflict", `${error.message}; the previous contracts stay in force`, {
    extensions: "reasons" in error ? { reasons: error.reasons } : { diagnostics: diagnosticViews(error.diagnostics) },
  });
}

const diagnosticViews = (diagnostics: readonly Diagnostic[]): Diagnostic[] =>
  diagnostics.slice(0, DIAGNOSTICS_MAX).map(diagnosticView);
