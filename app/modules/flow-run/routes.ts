import { setTimeout as sleep } from "node:timers/promises";
import type { Sql } from "../../../runtime/ports/store.ts";
import type { Module } from "../../host/module.ts";
import { staleRuns } from "./calls.ts";
import type { FlowNode } from "./node/flow-node.ts";

const LOOKS_MAX = 50;
const LOOK_MS = 100;
const BY = "clean";

/** What operators have the node do. @param leave drains the process and ends it */
export const nodeRoutes =
  (node: FlowNode, leave: () => void): NonNullable<Module["routes"]> =>
  (http, { backends, publish }) => {
    const { sql } = backends as { readonly sql: Sql };
    http.route({
      method: "POST",
      url: "/clean",
      config: { access: [] },
      async handler() {
        const removed = await staleRuns(sql, node.keepMs, Date.now());
        await Promise.all(removed.map(({ fid }) => publish("DeleteRun", { fid, by: BY })));
        await untilGone(
          sql,
          removed.map(({ fid }) => fid),
        );
        return { removed };
      },
    });
    http.route({
      method: "POST",
      url: "/shutdown",
      config: { access: [] },
      async handler(_, reply) {
        // The answer goes first.
        setImmediate(leave);
        reply.code(202);
        return { node: node.name, status: "leaving" };
      },
    });
  };

/** Whoever asks next finds them gone; on a busy node they go a little later. */
async function untilGone(sql: Sql, fids: readonly string[]): Promise<void> {
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    const left = await sql.query("select 1 from rollcall_flow_run.runs where fid = any($1) limit 1", [fids]);
    if (left.length === 0) return;
    await sleep(LOOK_MS);
  }
}
