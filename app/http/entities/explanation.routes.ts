import { possibleTransitions } from "../../../runtime/contract/graph/possible-transitions.ts";
import type { System } from "../../host/system.ts";
import { apiRoute, type Http, NodeParams } from "../server/route-types.ts";
import { Explanation, explain } from "./explanation.ts";
import { readNodeDeadLetters, readOutages, readPendingIntents } from "./explanation-queries.ts";
import { RecentIntentFailures } from "./recent-intent-failures.ts";
import { readRegistrations } from "./registration-queries.ts";
import { readTimeline } from "./timeline.ts";

const ATTEMPT_ITEMS = 300;
const RECENT_ITEMS = 50;

export function addExplanationRoutes(http: Http, system: System): void {
  const failures = new RecentIntentFailures(system);
  http.addHook("onClose", async () => failures.close());

  http.get(
    "/api/v1/registrations/:node_id/explanation",
    apiRoute(["reader", "node"], {
      summary: "Why a node is in its state, and what can change it",
      description: "Also answers for an unknown node: its messages may be in the dead letters.",
      params: NodeParams,
      response: { 200: Explanation },
    }),
    async ({ params: { node_id: nodeId } }) => {
      const { domain, model, store, runtime } = system;
      const [entity] = await readRegistrations(store, domain.name, [nodeId]);
      const attemptId = entity?.attempt.id;
      const readItems = (limit: number, attempt = {}) =>
        readTimeline(store, domain.name, nodeId, { limit, newest: true, ...attempt });
      const pendingIntents = await readPendingIntents(system, nodeId);
      // Of an intent with tries the last error is known: the failures of its type would repeat it.
      const untried = pendingIntents.filter(({ tries }) => tries.length === 0).map(({ type }) => type);
      return explain({
        ...{ domain, nodeId, entity, pendingIntents },
        attemptItems: attemptId ? await readItems(ATTEMPT_ITEMS, { attemptId }) : [],
        recentItems: await readItems(RECENT_ITEMS),
        deadLetters: await readNodeDeadLetters(system, nodeId),
        trouble: [...(await readOutages(system, nodeId)), ...failures.describe(untried)],
        transitions: possibleTransitions(model, entity?.state ?? null),
        nowMs: runtime.status().brokerTimeMs,
      });
    },
  );
}
