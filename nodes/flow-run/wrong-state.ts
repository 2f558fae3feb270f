import { shownState } from "../../contracts/flow-run/messages/state.ts";
import { refuse } from "../../runtime/core/handler.ts";

/** Tells in which state the run is. */
export const wrongState = (state: string | null) => refuse("WRONG_STATE", { state: shownState(state) });
