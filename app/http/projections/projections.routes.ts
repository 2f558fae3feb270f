import { z } from "zod";
import type { ProjectionSpec } from "../../../runtime/core/projection.ts";
import type { Filling } from "../../../runtime/shell/projections/entity-rows.ts";
import { rebuildProjection, verifyProjection } from "../../../runtime/shell/projections/verify-projection.ts";
import { recordOperatorDecision } from "../../../runtime/stored/operator-decisions.ts";
import { readFaults, summarizeFaults } from "../../../runtime/stored/projection-faults.ts";
import { countRows } from "../../../runtime/stored/projection-rows.ts";
import type { System } from "../../host/compose.ts";
import type { DomainApi } from "../server/domain-api.ts";
import { parseBody } from "../server/json-body.ts";
import { decisionBy, Reason } from "../server/operator-decision.ts";
import { notFound, Problem } from "../server/problem.ts";
import { apiRoute, type Http } from "../server/route-types.ts";

const FAULTS_MAX = 100;

const Fault = z.object({ entity_id: z.string(), reason: z.string(), since: z.iso.datetime() });
export const ProjectionView = z.object({
  name: z.string(),
  version: z.int(),
  kind: z.enum(["row", "rows", "log"]),
  view: z.string().describe("the SQL view, whose name stays when the version changes"),
  key: z.array(z.string()),
  columns: z.array(
    z.object({
      name: z.string(),
      type: z.string().describe("as Postgres calls it"),
      nullable: z.boolean(),
      index: z.enum(["btree", "gin"]).nullable(),
    }),
  ),
  live: z.array(z.string()).describe("columns that are read from the entity"),
  rows: z.int(),
  older: z.int().describe("entities whose rows are older than they are"),
  faults: z.array(Fault).describe(`why, of the first ${FAULTS_MAX}, by entity`),
});
export type ProjectionView = z.infer<typeof ProjectionView>;

const Params = z.object({ name: z.string().min(1).max(255) });
const RebuildBody = z.object({ reason: Reason });
export const Rebuilt = z.object({
  entities: z.int(),
  faults: z.int().describe("entities whose rows could not be computed: those of before stay"),
});
export type Rebuilt = z.infer<typeof Rebuilt>;
export const Verified = z.object({
  entities: z.int().describe("compared"),
  differences: z
    .array(z.object({ entity_id: z.string(), problem: z.string() }))
    .describe("the first 1,000; empty: all rows are what their function makes of the entities"),
});
export type Verified = z.infer<typeof Verified>;

export function addProjectionRoutes(http: Http, { system }: DomainApi): void {
  http.get(
    "/projections",
    apiRoute(["reader"], {
      summary: "The domain's projections, and which of their rows are older than their entities",
      response: { 200: z.object({ items: z.array(ProjectionView) }) },
    }),
    async () => ({ items: await viewsOf(system) }),
  );

  http.post(
    "/projections/:name/rebuild",
    apiRoute([], {
      summary: "Computes all rows of a projection anew",
      description: "While the domain is served: its turns wait for 500 entities at a time. Rows that are right stay.",
      params: Params,
      body: RebuildBody,
      response: { 200: Rebuilt },
    }),
    async ({ params: { name }, body, caller: { identity } }) => {
      const { reason } = parseBody(RebuildBody, body, "{reason}: why it is rebuilt");
      const projection = requireProjection(system, name);
      await recordOperatorDecision(system.store, "projection rebuild", name, decisionBy(system, identity, reason));
      return rebuildProjection(fillingOf(system), projection);
    },
  );

  http.post(
    "/projections/:name/verify",
    apiRoute([], {
      summary: "Compares all rows of a projection with what its function makes of the entities",
      description: "While the domain is served. Nothing is changed.",
      params: Params,
      response: { 200: Verified },
    }),
    ({ params: { name } }) => verifyProjection(fillingOf(system), requireProjection(system, name)),
  );
}

const fillingOf = ({ store, domain, clock }: System): Filling => ({ store, domain, clock });

/** @throws Problem not-found; conflict for a log: what a message left can't be computed from the entity */
function requireProjection({ name: domain, domain: { projections } }: System, name: string): ProjectionSpec {
  const found = projections.find((projection) => projection.name === name);
  const known = projections.map((projection) => projection.name).join(", ");
  if (!found) throw notFound(`${domain} has no projection ${name}: ${known || "it has none"}`);
  if (found.kind !== "log") return found;
  throw new Problem("conflict", `${name} is a log: its rows are what messages left, not what entities are`);
}

async function viewsOf({ store, name: domain, domain: { projections } }: System): Promise<ProjectionView[]> {
  if (projections.length === 0) return [];
  const older = new Map((await summarizeFaults(store, domain)).map(({ projection, count }) => [projection, count]));
  return Promise.all(
    projections.map(async (spec) => {
      const { name, version, kind, schema, key, columns, live } = spec;
      const faults = older.has(name) ? await readFaults(store, spec, FAULTS_MAX) : [];
      return {
        ...{ name, version, kind, view: `${schema}.${name}`, key: [...key], live: live.map((each) => each.name) },
        columns: columns.map(({ index = null, ...column }) => ({ ...column, index })),
        rows: await countRows(store, spec, { where: [] }),
        older: older.get(name) ?? 0,
        faults: faults.map(({ entityId, reason, since }) => ({
          ...{ entity_id: entityId, reason, since: since.toISOString() },
        })),
      };
    }),
  );
}
