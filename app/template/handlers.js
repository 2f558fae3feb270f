// @ts-check
// The orchestrator's functions, by the names in contracts/orchestrator.yaml. Pure: no clock, no randomness, no I/O.
import { DeadlineFired, handlersOf } from "rollcall";
import { AddItem, FinishItem, ItemAdded, ItemExpired, ItemFinished } from "./shapes.js";

const handler = handlersOf();

export const HandlerAddItem = handler(
  AddItem,
  {},
  { add: ({ message: { payload } }) => [ItemAdded.of({ owner: payload.owner })] },
);

export const HandlerFinishItem = handler(FinishItem, {}, { finish: () => [ItemFinished.of({})] });

export const HandlerFinishDeadline = handler(
  DeadlineFired,
  {},
  { expire: ({ message: { payload } }) => [ItemExpired.of({ open_until: payload.deadline_at })] },
);
