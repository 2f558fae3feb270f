import { z } from "zod";
import { contractInForce } from "../../../runtime/shell/contract-in-force.ts";
import { InvalidContractsError, IncompatibleContractsError } from "../../host/contracts-in-force.ts";
import type { RefusedChange } from "../../host/reloading-runtime.ts";
import type { System } from "../../host/system.ts";
import { type ContractDiagnostic, diagnosticView } from "./contract-views.ts";
import { type Http, PROBLEMS } from "../server/route-types.ts";
import { ContractsInForce } from "./contracts-in-force-view.ts";
import { Problem } from "../server/problem.ts";

const DIAGNOSTICS_MAX = 200;

const Reloaded = z.object({ hash: z.string(), changed: z.boolean() });

export function addReloadRoutes(http: Http, { store, runtime, domain: { name } }: System): void {
  http.get(
    "/api/v1/contracts/in-force",
    {
      config: { access: ["reader"] },
      schema: {
        summary: "Which contracts all processes run, since when, by whom, and what was refused last",
        response: { 200: ContractsInForce, ...PROBLEMS },
      },
    },
    async () => {
      const inForce = await contractInForce(store, name);
      if (!inForce) throw new Problem("unavailable", "no contracts are in force yet", { retryAfterSeconds: 1 });
      const { hash, since, by } = inForce;
      const refused = runtime.refusedChange && refusedChangeView(runtime.refusedChange);
      return { hash, since: since.toISOString(), by, refused, processes: await processes() };
    },
  );

  http.post(
    "/api/v1/contracts/reload",
    {
      config: { access: [] },
      schema: {
        summary: "Puts the contracts of this process's folder in force, for every process, or changes nothing",
        description:
          "409 with `diagnostics` for contracts that have errors, with `reasons` for sound ones that what is " +
          "stored could not go on under.",
        response: { 200: Reloaded, ...PROBLEMS },
      },
    },
    async ({ caller: { identity } }) => {
      try {
        return await runtime.reload(identity);
      } catch (error) {
        throw problemOfReloadError(error);
      }
    },
  );

  async function processes(): Promise<ContractsInForce["processes"]> {
    const rows = await store.query<{ owner: string; contract_hash: string | null; partitions: number }>(
      `select owner, contract_hash, count(*)::int as partitions from rollcall.partition_owner
        where domain = $1 and owner <> '' group by owner, contract_hash order by owner`,
      [name],
    );
    // An owner's name ends with an id of its start.
    return rows.map(({ owner, contract_hash: hash, partitions }) => ({
      process: owner.split(":").slice(0, 2).join(":"),
      hash,
      partitions,
    }));
  }
}

const refusedChangeView = ({ atMs, by, reason, diagnostics }: RefusedChange): ContractsInForce["refused"] => ({
  at: new Date(atMs).toISOString(),
  by,
  reason,
  diagnostics: diagnosticViews(diagnostics),
});

function problemOfReloadError(error: unknown): unknown {
  if (error instanceof InvalidContractsError)
    return new Problem("conflict", `${error.message}; the previous contracts stay in force`, {
      extensions: { diagnostics: diagnosticViews(error.diagnostics) },
    });
  if (error instanceof IncompatibleContractsError)
    return new Problem("conflict", `${error.message}; the previous contracts stay in force`, {
      extensions: { reasons: error.reasons },
    });
  return error;
}

const diagnosticViews = (diagnostics: RefusedChange["diagnostics"]): ContractDiagnostic[] =>
  diagnostics.slice(0, DIAGNOSTICS_MAX).map(diagnosticView);
