import type { RunState } from "../../contracts/flow-run/messages/state.ts";
import { handlersOf } from "../../runtime/core/handler.ts";

/** Defines handlers for entities with this domain's data. */
export const handler = handlersOf<RunState>();
