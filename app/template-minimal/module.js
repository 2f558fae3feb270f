// @ts-check
// What Rollcall loads: the domain's contract, and what its messages look like.
import { defineModule, message, z } from "rollcall";

export const AddItem = message("AddItem", { item_id: z.string().min(1), owner: z.string() });
/** An event without a handler gets the message's fields of the same names. */
export const ItemAdded = message("ItemAdded", { owner: z.string() });

export default defineModule({
  api: 1,
  name: "items",
  domains: [
    {
      name: "items",
      contracts: new URL("./contracts/", import.meta.url),
      code: () => ({ messages: [AddItem, ItemAdded] }),
    },
  ],
});
