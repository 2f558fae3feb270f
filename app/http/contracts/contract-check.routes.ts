import { basename } from "node:path";
import { z } from "zod";
import { CheckerBusy, CheckTimeout } from "../../contract-check/contract-checker.ts";
import { allSourcesOf } from "../../../runtime/contract/reading/contract-set.ts";
import { ContractCheck } from "../../contract-check/contract-check.ts";
import { readStoredJournal } from "../../journal/stored-journal.ts";
import { specifierOf } from "../../host/module-specifiers.ts";
import { apiRoute, type Http } from "../server/route-types.ts";
import type { DomainApi } from "../server/domain-api.ts";
import { parseBody } from "../server/json-body.ts";
import { Problem } from "../server/problem.ts";

const CHECK_TIMEOUT_MS = 20_000;
const FILES_MAX = 50;
const FILES_BYTES_MAX = 256 * 1024;
const HOUR_MS = 3_600_000;

const FileName = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}\.ya?ml$/, "a name like orchestrator.yaml");
const Body = z.strictObject({
  files: z
    .record(FileName, z.string())
    .refine((files) => Object.keys(files).length <= FILES_MAX, `at most ${FILES_MAX} files`)
    .refine(
      (files) => Object.values(files).reduce((sum, text) => sum + Buffer.byteLength(text), 0) <= FILES_BYTES_MAX,
      "at most 256 KiB together",
    )
    .describe("file name -> YAML; the other files are those in force"),
  model: z.boolean().default(true).describe("false: skips the exploration, which takes seconds"),
  plan_hours: z.number().positive().max(168).optional().describe("replay the journal, this far back"),
});

export type { ContractCheck };

export function addContractCheckRoutes(http: Http, { system, checker }: DomainApi): void {
  const { store, config } = system;

  http.post(
    "/contracts/check",
    apiRoute([], {
      summary: "Checks edited contracts: diagnostics, graph, exploration, replay of the journal",
      description: "Nothing is written or run. One request at a time; it takes at most 20 s.",
      body: Body,
      response: { 200: ContractCheck },
    }),
    async ({ body }) => {
      const { files, model, plan_hours: planHours } = parseBody(Body, body, "{files, model?, plan_hours?}");
      const inForce = allSourcesOf(system.model.set).map(({ file, text }) => [basename(file), text] as const);
      const merged = new Map([...inForce, ...Object.entries(files)]);
      const since = planHours ? new Date(Date.now() - planHours * HOUR_MS).toISOString() : undefined;
      const journal = readStoredJournal(store, system.domain.name, config, { since });
      const contracts = [...merged].map(([file, text]) => ({ file, text }));
      const request = { domain: system.name, files: contracts, model, planHours };
      const module = specifierOf(system.module);
      const checked =
        module === undefined
          ? checker.checkHere(system.module, request, journal, CHECK_TIMEOUT_MS)
          : checker.check({ ...request, module }, journal, CHECK_TIMEOUT_MS);
      return checked.catch(throwAsProblem);
    },
  );
}

function throwAsProblem(error: unknown): never {
  if (error instanceof CheckerBusy)
    throw new Problem("overloaded", "other contracts are being checked: one at a time", { retryAfterSeconds: 1 });
  if (error instanceof CheckTimeout)
    throw new Problem(
      "timeout",
      `the check took longer than ${CHECK_TIMEOUT_MS / 1_000} s: ask for fewer hours or without the model, or run ` +
        "rollcall check and rollcall plan, which take their time",
    );
  throw error;
}
