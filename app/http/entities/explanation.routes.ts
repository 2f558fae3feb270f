import { possibleTransitions } from "../../../runtime/contract/graph/possible-transitions.ts";
import type { System } from "../../host/compose.ts";
import { findDeadLetters } from "../dead-letters/dead-letters.ts";
import { readPartitionServices } from "../../host/troubles/partition-services.ts";
import { apiRoute, type Http, NodeParams } from "../server/route-types.ts";
import { formatDuration } from "../server/text-format.ts";
import { Explanation, explain } from "./explanation.ts";
import { nodePartition, readPendingIntents, readRegistrations } from "./registration-queries.ts";
import { readTimeline } from "./timeline.ts";

const ATTEMPT_ITEMS = 300;
const RECENT_ITEMS = 50;
const DEAD_LETTERS = 10;
const FAILURE_SHOWN_MS = 60_000;

export function addExplanationRoutes(http: Http, system: System): void {
  const failures = watchIntentFailures(system);
  http.addHook("onClose", async () => failures.close());

  http.get(
    "/api/v1/registrations/:node_id/explanation",
    apiRoute(["reader", "node"], {
      summary: "Why a node is in its state, and what can change it",
      description: "Also answers for an unknown node: its messages may be in the dead letters.",
      params: NodeParams,
      response: { 200: Explanation },
    }),
    async ({ params: { node_id } }) => {
      const { domain, model, store, runtime } = system;
      const [entity] = await readRegistrations(store, domain.name, [node_id]);
      const attemptId = entity?.attempt.id;
      const readItems = (limit: number, attempt = {}) =>
        readTimeline(store, domain.name, node_id, { limit, newest: true, ...attempt });
      const pendingIntents = await readPendingIntents(system, node_id);
      // Of an intent with tries the last error is known: the failures of its type would repeat it.
      const untried = pendingIntents.filter(({ tries }) => tries.length === 0).map(({ type }) => type);
      const own = { key: Buffer.from(node_id), retried: false };
      const deadLetters = await findDeadLetters(system, own, DEAD_LETTERS);
      return explain({
        ...{ domain, node_id, entity, pendingIntents },
        attemptItems: attemptId ? await readItems(ATTEMPT_ITEMS, { attemptId }) : [],
        recentItems: await readItems(RECENT_ITEMS),
        dead_letters: deadLetters.map(({ id, at, code, error }) => ({ id, at, code, error })),
        trouble: [...(await readOutages(system, node_id)), ...failures.describe(untried)],
        moved_by: [...possibleTransitions(model, entity?.state ?? null)],
        nowMs: runtime.status().brokerTimeMs,
      });
    },
  );
}

/** Outages that stop every node of the same partition. */
async function readOutages(system: System, nodeId: string): Promise<string[]> {
  const { bus, store, refused } = system.runtime.status();
  const partition = nodePartition(system, nodeId);
  const services = await readPartitionServices(system.store, system.name);
  return [
    ...Object.entries({ bus, store }).flatMap(([part, status]) =>
      status.ok ? [] : [`the ${part} can't be reached (${status.reason})`],
    ),
    ...services
      .filter((service) => service.partition === partition && !service.isServed)
      .map(({ seconds }) => `no process has served its partition ${partition} for ${Math.floor(seconds)} s`),
    ...refused.filter((reason) => reason.includes(`partition ${partition} `)),
  ];
}

/** What this process's effects failed with in the last minute. Failures in other processes are not known here. */
export function watchIntentFailures({ watch, clock }: Pick<System, "watch" | "clock">) {
  /** By intent type: the contract bounds their number. */
  const failures = new Map<string, { readonly code: string; readonly atMs: number }>();
  const close = watch((event) => {
    if (event.kind !== "intent") return;
    if (event.result === "done") failures.delete(event.type);
    else failures.set(event.type, { code: event.code ?? "", atMs: clock.monotonicMs() });
  });
  /** A clause for each of these types that failed and has not succeeded since. */
  const describe = (types: readonly string[]): string[] =>
    [...new Set(types)].flatMap((type) => {
      const { code, atMs = -Infinity } = failures.get(type) ?? {};
      const agoMs = clock.monotonicMs() - atMs;
      if (agoMs > FAILURE_SHOWN_MS) return [];
      return [`${type} is being retried, it failed with ${code} ${formatDuration(agoMs)} ago`];
    });
  return { describe, close };
}
