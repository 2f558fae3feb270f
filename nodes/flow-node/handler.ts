import type { FlowNodeState } from "../../contracts/flow-node/messages/state.ts";
import { handlersOf } from "../../runtime/core/handler.ts";

/** Defines handlers for entities with this domain's data. */
export const handler = handlersOf<FlowNodeState>();
