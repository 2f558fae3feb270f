import type { Sql } from "../../../runtime/ports/store.ts";
import { answer, call, type GatewayCode } from "../../../runtime/core/gateway-code.ts";
import { toRfc3339 } from "../../../runtime/core/time.ts";
import { LeavingBody, NodesBody, RemovedBody, StaleBody, StateBody } from "./bodies.ts";
import type { FlowNode } from "./node/flow-node.ts";
import type { RegistryStatus } from "./registries/registry-link.ts";

/** At once; what is left is there the next time. */
const STALE_MAX = 1_000;

interface StaleRun {
  readonly fid: string;
  readonly state: "done" | "error";
  readonly ended: string | null;
  readonly why: string;
}

/** Runs that somebody has acknowledged, and those that ended long ago. */
async function staleRuns(sql: Sql, keepMs: number, nowMs: number): Promise<readonly StaleRun[]> {
  const rows = await sql.query<{ fid: string; state: string; ended: Date | string | null; seen: boolean }>(
    `select fid, state, ended, is_acknowledged as seen from rollcall_flow_run.runs
      where state in ('done', 'error') and (is_acknowledged or ended < $1) order by ended, fid limit $2`,
    [new Date(nowMs - keepMs).toISOString(), STALE_MAX],
  );
  return rows.map(({ fid, state, ended, seen }) => ({
    ...{ fid, state: state as StaleRun["state"], ended: ended === null ? null : new Date(ended).toISOString() },
    why: seen ? "acknowledged" : "ended long ago",
  }));
}

/** @param sinceMs when the node came up, ms since the epoch */
export const nodeCalls = (node: FlowNode, sinceMs: number, registries: () => readonly RegistryStatus[]) =>
  ({
    calls: {
      own_flows: call({ answers: NodesBody }, ({ now }) => ({
        nodes: [
          {
            ...{ node: node.name, online: toRfc3339(sinceMs), heartbeat: toRfc3339(now), alive: true },
            flows: node.flows.map(({ flow }) => flow),
          },
        ],
      })),
      node_state: call({ answers: StateBody }, async (access) => {
        const counts = await access.counts();
        const of = (state: string): number => counts.get(state) ?? 0;
        const { isReady, version, uptimeSeconds } = access.process;
        const body = {
          ...{ status: isReady ? "healthy" : "unhealthy", service: "flow-node", node: node.name, version },
          ...{ uptime_seconds: uptimeSeconds, flows: node.flows.length },
          runs: { pending: of("PENDING"), locked: of("LOCKED"), done: of("DONE"), error: of("ERROR") },
          registries: registries().map((each) => ({ ...each, since: toRfc3339(each.since) })),
        };
        return answer(body, { status: isReady ? 200 : 503 });
      }),
      stale_runs: call({ answers: StaleBody }, async ({ backends, now }) => ({
        runs: (await staleRuns((backends as { readonly sql: Sql }).sql, node.keepMs, now)).map((run) => ({ ...run })),
      })),
      clean: call({ answers: RemovedBody }, async ({ backends, now, host }) => {
        const stale = await staleRuns((backends as { readonly sql: Sql }).sql, node.keepMs, now);
        const ids = stale.map(({ fid }) => fid);
        const purged = new Set(await host?.purge(ids, "POST /clean: stale"));
        return { removed: stale.filter(({ fid }) => purged.has(fid)).map((run) => ({ ...run })) };
      }),
      shut_down: call({ answers: LeavingBody }, ({ host }) => {
        host?.leave();
        return answer({ node: node.name, status: "leaving" }, { status: 202 });
      }),
    },
  }) satisfies GatewayCode;
