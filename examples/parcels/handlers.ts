import { DeadlineFired, handlersOf } from "rollcall";
import { ParcelReturned, type ParcelState } from "./shapes.js";

const handler = handlersOf<ParcelState>();

export const HandlerPickupDeadline = handler(
  DeadlineFired,
  {},
  { give_back: ({ message: { payload } }) => [ParcelReturned.of({ stored_until: payload.deadline_at })] },
);
