import { DeadlineFired, handlersOf } from "rollcall";
import {
  CollectParcel,
  ParcelCollected,
  ParcelReturned,
  type ParcelState,
  ParcelStored,
  StoreParcel,
} from "./shapes.js";

const handler = handlersOf<ParcelState>();

export const HandlerStoreParcel = handler(
  StoreParcel,
  {},
  { store: ({ message: { payload } }) => [ParcelStored.of({ email: payload.email })] },
);
export const HandlerCollectParcel = handler(CollectParcel, {}, { collect: () => [ParcelCollected.of({})] });
export const HandlerPickupDeadline = handler(
  DeadlineFired,
  {},
  { give_back: ({ message: { payload } }) => [ParcelReturned.of({ stored_until: payload.deadline_at })] },
);
