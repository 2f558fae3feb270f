import type { DescribedNode } from "../../contracts/node-registry/messages/events.ts";
import type { OutOfService } from "../../contracts/node-registry/messages/fields.ts";
import { isSameNode } from "../../contracts/node-registry/messages/same-node.ts";
import { NodeState } from "../../contracts/node-registry/messages/state.ts";
import { type ReducerContext, reducer } from "../../runtime/core/reducer.ts";
import { toRfc3339 } from "../../runtime/core/time.ts";
import { leaveConsul, showInConsul } from "./consul.intents.ts";

type Context<Payload> = ReducerContext<Payload, NodeState>;
type Described = Context<{ readonly node: DescribedNode }>;
type Said = Context<{ readonly says: OutOfService | null }>;
type Decided = Context<{ readonly by: string; readonly reason: string | null }>;
type Revoked = Context<{
  readonly by: string;
  readonly reason: string | null;
  readonly last_heartbeat_at: string | null;
}>;
type TakenOut = Context<{ readonly by: string; readonly reason: string | null; readonly mode: OutOfService }>;
type Silent = Context<{ readonly why: string; readonly last_heartbeat_at: string | null }>;

const said = (says: OutOfService | null, now: number): NodeState["said"] =>
  says === null ? null : { mode: says, since: toRfc3339(now) };
const decision = ({ payload: { by, reason }, now }: Decided) => ({ by, reason, since: toRfc3339(now) });

/** Who is alive is the orchestrator's business; this is what is known of a node. */
export const nodeRegistryReducer = reducer(
  NodeState,
  {
    keep_node: (state, { payload: { node }, now }: Described) => {
      const at = toRfc3339(now);
      const isKnown = state.node !== null && isSameNode(node, state.node);
      const times = { created_at: state.created_at ?? at, updated_at: isKnown ? state.updated_at : at };
      return { ...state, node, ...times, said: null, silent_because: null };
    },
    replace_node: (state, { payload: { node }, now }: Described) => ({
      ...state,
      node,
      updated_at: state.node && isSameNode(node, state.node) ? state.updated_at : toRfc3339(now),
      said: null,
    }),
    hear_again: (state, { payload: { says }, now }: Said) => ({
      ...state,
      said: said(says, now),
      silent_because: null,
      last_heartbeat_at: toRfc3339(now),
    }),
    keep_word: (state, { payload: { says }, now }: Said) => ({ ...state, said: said(says, now) }),
    keep_silence: (state, { payload: { why, last_heartbeat_at } }: Silent) => ({
      ...state,
      said: null,
      silent_because: why,
      last_heartbeat_at,
    }),
    take_out: (state, context: TakenOut) => ({
      ...state,
      taken_out: { mode: context.payload.mode, ...decision(context) },
      updated_at: toRfc3339(context.now),
    }),
    put_back: (state, { now }: Decided) => ({ ...state, taken_out: null, updated_at: toRfc3339(now) }),
    revoke: (state, context: Revoked) => ({
      ...state,
      last_heartbeat_at: context.payload.last_heartbeat_at,
      revoked: decision(context),
      taken_out: null,
      said: null,
      silent_because: null,
      updated_at: toRfc3339(context.now),
    }),
    readmit: (state, { payload: { by }, now }: Decided) => ({
      ...state,
      revoked: null,
      silent_because: `readmitted by ${by}`,
      updated_at: toRfc3339(now),
    }),
  },
  { show_in_consul: showInConsul, leave_consul: leaveConsul },
);
