import type { Told } from "../../contracts/flow-node/messages/fields.ts";
import type { Flow, RejectedFlow } from "../../contracts/flow-node/messages/flow.ts";
import { FlowNodeState } from "../../contracts/flow-node/messages/state.ts";
import { type ReducerContext, reducer } from "../../runtime/core/reducer.ts";
import { toRfc3339 } from "../../runtime/core/time.ts";

type Context<Payload> = ReducerContext<Payload, FlowNodeState>;
type Decided = Context<{ readonly by: string; readonly reason: string | null }>;
type Heard = Context<{ readonly heartbeat: string | null }>;
type WithTold = Context<{ readonly told: Told | null }>;
type Connected = Context<{
  readonly flows: Flow[];
  readonly rejected: RejectedFlow[];
  readonly is_new: boolean;
}>;

const decision = ({ payload: { by, reason }, now }: Decided) => ({ by, reason, since: toRfc3339(now) });
const toldAt = (state: Told | null, now: number): FlowNodeState["told"] =>
  state === null ? null : { state, at: toRfc3339(now) };

/** Who is alive is the orchestrator's business; this is what is known of a node. */
export const flowNodeReducer = reducer(
  FlowNodeState,
  {
    // What it had before it was revoked is not its any more.
    admit: (_state, context: Decided) => ({ ...FlowNodeState.parse({}), admitted: decision(context) }),
    revoke: (state, context: Decided & Heard) => ({
      ...state,
      ...{ revoked: decision(context), online: null, heartbeat: context.payload.heartbeat },
    }),
    connect: (state, { payload: { flows, rejected, is_new }, now }: Connected) => ({
      ...{ ...state, flows, rejected },
      ...(is_new && { online: toRfc3339(now), heartbeat: toRfc3339(now), told: null }),
    }),
    disconnect: (state, { payload: { heartbeat } }: Heard) => ({ ...state, online: null, heartbeat, told: null }),
    keep_told: (state, { payload: { told }, now }: WithTold) => ({ ...state, told: toldAt(told, now) }),
    come_back: (state, { payload: { told }, now }: WithTold) => ({
      ...state,
      ...{ heartbeat: toRfc3339(now), told: toldAt(told, now) ?? state.told },
    }),
    keep_heartbeat: (state, { payload: { heartbeat } }: Heard) => ({ ...state, heartbeat }),
  },
  {},
);
