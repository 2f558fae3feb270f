// @ts-check
// The reducer's functions, by the names in contracts/reducer.yaml. Pure: updates of the data, then builders of intents.
import { reducer } from "rollcall";
import { ItemState, NoticeSend } from "./shapes.js";

/** @typedef {import("rollcall").ReducerContext<{ owner: string }, ItemState>} Added */

export const itemReducer = reducer(
  ItemState,
  { keep_owner: (_, /** @type {Added} */ { payload }) => ({ owner: payload.owner }) },
  {
    emit_notice: ({ owner }, { entity }) =>
      NoticeSend.of({ item_id: entity.id, owner, text: "Your item is open for two days." }),
  },
);
