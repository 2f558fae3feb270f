// @ts-check
// What messages, intents and an entity's data look like.
import { intent, message, z } from "rollcall";

export const AddItem = message("AddItem", { item_id: z.string().min(1), owner: z.string() });
export const FinishItem = message("FinishItem", { item_id: z.string().min(1) });

export const ItemAdded = message("ItemAdded", { owner: z.string() });
export const ItemFinished = message("ItemFinished", {});
export const ItemExpired = message("ItemExpired", { open_until: z.string() });

export const NoticeSend = intent("notice.send", { item_id: z.string(), owner: z.string(), text: z.string() });

/**
 * An item's data; every field has a default. A change that stored data does not fit raises `stateVersion` in module.js,
 * with an `upcast`.
 */
export const ItemState = z.object({ owner: z.string().default("") });
/** @typedef {import("rollcall").z.infer<typeof ItemState>} ItemState */
