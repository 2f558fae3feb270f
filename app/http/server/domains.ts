import type { FastifyRequest } from "fastify";
import { z } from "zod";
import type { System } from "../../host/compose.ts";
import { StateCounts } from "../entities/entity-counts.ts";
import type { DomainApi } from "./domain-api.ts";
import { notServedProblem, type Problem } from "./problem.ts";
import { apiRoute, type Http } from "./route-types.ts";

export const DOMAINS_PATH = "/api/v1/domains";
/** Below which a domain's routes are. */
export const domainPath = (name: string): string => `${DOMAINS_PATH}/${name}`;

/**
 * The domain whose paths need no name: that of the module that wants it, or the only one.
 * @throws Error when two want it
 */
export function atRoot(systems: readonly System[]): System | undefined {
  const [wanted = systems.length === 1 ? systems[0] : undefined, other] = systems.filter(
    ({ module }) => module.isAtRoot,
  );
  if (wanted && other)
    throw new Error(`${wanted.name} and ${other.name} are both at the root of the paths: serve one of them (--only)`);
  return wanted;
}

/** Undefined for a path of no domain, or of one that is served here. */
export function unknownDomainProblem({ url, caller }: FastifyRequest, names: readonly string[]): Problem | undefined {
  const [, name] = /^\/api\/v1\/domains\/([^/?]+)/.exec(url) ?? [];
  if (name === undefined || names.includes(name)) return undefined;
  return notServedProblem(name, names, caller);
}

export const DomainView = z.object({
  name: z.string(),
  module: z.string(),
  contract_hash: z.string().describe("of the contracts in force"),
  entity_id_field: z.string().describe("the field of payloads that has the entity's id"),
  failure: z.string().nullable().describe("why it is not served at present"),
  states: StateCounts.shape.orchestrator
    .nullable()
    .describe("entities by the orchestrator's state, over all processes; null: the store could not be asked"),
});
export type DomainView = z.infer<typeof DomainView>;

export function addDomainListRoute(http: Http, domains: readonly DomainApi[]): void {
  http.get(
    DOMAINS_PATH,
    apiRoute(["reader"], {
      summary: "The domains that this process serves",
      response: { 200: z.object({ items: z.array(DomainView) }) },
    }),
    async () => ({ items: await Promise.all(domains.map(viewOf)) }),
  );
}

async function viewOf({ system, counts }: DomainApi): Promise<DomainView> {
  const { name, module, domain, runtime } = system;
  const states = await counts.byStableState();
  const error = runtime.failure?.error;
  return {
    ...{ name, module: module.name, contract_hash: domain.contractHash, entity_id_field: domain.entityIdField },
    failure: error === undefined ? null : error instanceof Error ? error.message : String(error),
    states: states ? Object.fromEntries(states) : null,
  };
}
