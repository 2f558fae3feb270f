import { z } from "zod";
import { recordOperatorDecision } from "../../../runtime/stored/operator-decisions.ts";
import { requestPurge } from "../../../runtime/stored/purges.ts";
import type { System } from "../../host/compose.ts";
import { decisionBy, Reason } from "../server/operator-decision.ts";
import { Problem } from "../server/problem.ts";
import { parseBody } from "../server/json-body.ts";
import { apiRoute, type Http } from "../server/route-types.ts";
import type { DomainApi } from "../server/domain-api.ts";
import { EntityParams, partitionOfEntity, requireEntity } from "./entity-queries.ts";

const PurgeBody = z.object({ reason: Reason });
const PurgeResult = z.object({
  asked: z.literal(true).describe("it is purged once nothing of it is unpublished or pending, and no hold is in force"),
});

/**
 * Has an entity purged before its time, by the owner of its partition.
 * @throws Problem not-found, also for one that is purged already; conflict for one that is not to be
 */
async function purgeNow(system: System, id: string, who: string, reason: string): Promise<void> {
  const { store, name } = system;
  const { state } = await requireEntity(system, id);
  await store.transaction(async (tx) => {
    if (!(await requestPurge(tx, name, partitionOfEntity(system, id), id)))
      throw new Problem(
        "conflict",
        `${id} is ${state ?? "in no state"}: only an entity in a state with \`retain\` can be purged`,
        { code: "NOT_ENDED" },
      );
    await recordOperatorDecision(tx, "entity purge", id, decisionBy(system, who, reason));
  });
}

export function addPurgeRoute(http: Http, { system }: DomainApi): void {
  http.post(
    "/entities/:id/purge",
    apiRoute([], {
      summary: "Purges an entity that has ended, before its time",
      description:
        "Only in a state with `retain`. Afterwards it is not found, with the code ENTITY_PURGED and `ended_at`, " +
        "until its tombstone goes. Its lines of the journal stay until their day goes.",
      params: EntityParams,
      body: PurgeBody,
      response: { 202: PurgeResult },
    }),
    async ({ params: { id }, body, caller: { identity } }, reply) => {
      const { reason } = parseBody(PurgeBody, body, "{reason}: why it is purged");
      await purgeNow(system, id, identity, reason);
      return reply.code(202).send({ asked: true as const });
    },
  );
}
