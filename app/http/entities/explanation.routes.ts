import { possibleTransitions } from "../../../runtime/contract/graph/possible-transitions.ts";
import { partitionOf } from "../../../runtime/core/murmur2.ts";
import type { System } from "../../host/system.ts";
import { Explanation, explain, type PendingIntent } from "./explanation.ts";
import { type Http, NodeParams, PROBLEMS } from "../server/route-types.ts";
import { readRegistrations } from "./registration-queries.ts";
import { RecentIntentFailures } from "./recent-intent-failures.ts";
import { readTimeline } from "./timeline.ts";

const ATTEMPT_ITEMS = 300;
const RECENT_ITEMS = 50;
const UNSERVED_SECONDS = 5;

export function addExplanationRoutes(http: Http, system: System): void {
  const { store, runtime } = system;
  const { name } = system.domain;
  const retries = new RecentIntentFailures(system);
  http.addHook("onClose", async () => retries.close());

  http.get(
    "/api/v1/registrations/:node_id/explanation",
    {
      config: { access: ["reader", "node"] },
      schema: {
        summary: "Why a node is in its state, and what would move it",
        description: "Also answers for an unknown node: its messages may be in the dead letters.",
        params: NodeParams,
        response: { 200: Explanation, ...PROBLEMS },
      },
    },
    async ({ params: { node_id: nodeId } }) => {
      const { domain, model } = system;
      const [entity] = await readRegistrations(store, name, [nodeId]);
      const attemptId = entity?.attempt.id;
      const pending = await pendingIntents(nodeId);
      return explain({
        domain,
        nodeId,
        entity,
        attempt: attemptId
          ? await readTimeline(store, name, nodeId, { limit: ATTEMPT_ITEMS, newest: true, attemptId })
          : [],
        recent: await readTimeline(store, name, nodeId, { limit: RECENT_ITEMS, newest: true }),
        pendingIntents: pending,
        deadLetters: await deadLettersOf(nodeId),
        trouble: [
          ...(await trouble(nodeId)),
          ...retries.describe(pending.flatMap(({ type, tries }) => (tries.length > 0 ? [] : [type]))),
        ],
        transitions: possibleTransitions(model, entity?.state ?? null),
        nowMs: runtime.status().brokerTimeMs,
      });
    },
  );

  function nodePartition(nodeId: string): number {
    return partitionOf(nodeId, Math.max(1, runtime.status().partitions));
  }

  async function pendingIntents(nodeId: string): Promise<PendingIntent[]> {
    const rows = await store.query<{ id: string; type: string; target: string; created_at: Date }>(
      `select id, type, target, created_at from rollcall.intent
        where domain = $1 and partition = $2 and entity_id = $3 order by seq`,
      [name, nodePartition(nodeId), nodeId],
    );
    const tries = runtime.triesOf(nodeId);
    return rows.map(({ id, type, target, created_at }) => ({
      ...{ id, type, target },
      asked_at: created_at.toISOString(),
      tries: [...(tries.get(id) ?? [])],
    }));
  }

  async function deadLettersOf(nodeId: string): Promise<Explanation["dead_letters"]> {
    const rows = await store.query<{ id: string; at: Date; error_code: string; error: string }>(
      `select id, at, error_code, error from rollcall.dead_letter
        where domain = $1 and key = $2 and retried_at is null order by at desc limit 10`,
      [name, Buffer.from(nodeId)],
    );
    return rows.map(({ id, at, error_code: code, error }) => ({ id, at: at.toISOString(), code, error }));
  }

  /** What holds up every node of its partition. */
  async function trouble(nodeId: string): Promise<string[]> {
    const { bus, store: reached, refused } = runtime.status();
    const partition = nodePartition(nodeId);
    const [row] = await store.query<{ unserved: number }>(
      `select extract(epoch from now() - served_at)::float8 as unserved from rollcall.partition_owner
        where domain = $1 and partition = $2`,
      [name, partition],
    );
    const unserved = row?.unserved ?? 0;
    return [
      ...(bus.ok ? [] : [`the bus can't be reached (${bus.reason})`]),
      ...(reached.ok ? [] : [`the store can't be reached (${reached.reason})`]),
      ...(unserved > UNSERVED_SECONDS
        ? [`nobody serves its partition ${partition} for ${Math.floor(unserved)} s`]
        : []),
      ...refused.filter((reason) => reason.includes(`partition ${partition} `)),
    ];
  }
}
