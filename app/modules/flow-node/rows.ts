import { z } from "zod";
import { Flow } from "../../../contracts/flow-node/messages/flow.ts";
import { type FlowNodeState, statusOf } from "../../../contracts/flow-node/messages/state.ts";
import { directoryRow } from "../../../runtime/core/directory.ts";
import { row, type RowEntity } from "../../../runtime/core/projection.ts";
import { toRfc3339 } from "../../../runtime/core/time.ts";

const time = z.iso.datetime();

/** The columns in SQL. The live ones are joined when it is read. */
const FlowNodeRow = z.object({
  status: z.string(),
  online: time.nullable(),
  /** Before its lease was renewed. */
  heartbeat: time.nullable(),
  told: z.record(z.string(), z.json()).nullable(),
  told_at: time.nullable(),
  flows: z.array(Flow),
  flow_count: z.int(),
  /** Of its flows, to be found by. */
  paths: z.array(z.string()),
  state_since: time,
});

/** A row as a list is given it. */
export type ListedNode = z.infer<typeof FlowNodeRow> & {
  readonly node: string;
} & Readonly<Record<"renewed_at" | "expires_at", string | null>>;

export const flowNodeRow = row({
  version: 1,
  shape: FlowNodeRow,
  of: ({ state, data, stateSince }: RowEntity<FlowNodeState>) => ({
    ...{ status: statusOf(state), online: data.online, heartbeat: data.heartbeat },
    ...{ told: data.told?.state ?? null, told_at: data.told?.at ?? null },
    ...{ flows: data.flows, flow_count: data.flows.length, paths: data.flows.map(({ path }) => path) },
    state_since: toRfc3339(stateSince),
  }),
});

/** Nodes that were let in. Their labels are the paths of their flows. */
export const directoryEntry = directoryRow<FlowNodeState>({
  version: 1,
  of: ({ id, state, data: { flows }, stateSince }) =>
    state === "REVOKED"
      ? null
      : {
          ...{ name: id, kind: "flow_node", endpoints: [`http://${id}`], labels: flows.map(({ path }) => path) },
          ...{ status: statusOf(state), since: toRfc3339(stateSince) },
        },
});
