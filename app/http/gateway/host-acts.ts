import type { FastifyReply } from "fastify";
import type { HostActs } from "../../../runtime/core/gateway-code.ts";
import { isEntityId } from "../../../runtime/core/ids.ts";
import { recordOperatorDecision } from "../../../runtime/stored/operator-decisions.ts";
import { requestPurge } from "../../../runtime/stored/purges.ts";
import type { System } from "../../host/compose.ts";
import { partitionOfEntity } from "../entities/entity-queries.ts";
import type { Caller } from "../server/access.ts";
import { decisionBy } from "../server/operator-decision.ts";
import type { GatewayContext } from "./gateway-context.ts";

const PURGES_MAX = 1_000;

/** What the function of a call with `acts: true` may have the host do, for this caller. */
export const hostActs = (
  { leave }: Pick<GatewayContext, "leave">,
  system: System,
  { identity }: Caller,
  reply: FastifyReply,
): HostActs => ({
  async purge(ids, reason) {
    if (ids.length > PURGES_MAX) throw new RangeError(`at most ${PURGES_MAX} entities are purged by one call`);
    const { store, name } = system;
    const asked = ids.filter(isEntityId);
    return store.transaction(async (tx) => {
      const purged: string[] = [];
      for (const id of asked) {
        if (!(await requestPurge(tx, name, partitionOfEntity(system, id), id))) continue;
        await recordOperatorDecision(tx, "entity purge", id, decisionBy(system, identity, reason));
        purged.push(id);
      }
      return purged;
    });
  },
  leave: () => void reply.raw.once("close", leave),
});
