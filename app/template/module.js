// @ts-check
// What Rollcall loads: the domain's contracts, and what their names stand for.
import { defineModule } from "rollcall";
import { HandlerNoticeSend } from "./effects.js";
import { HandlerAddItem, HandlerFinishDeadline, HandlerFinishItem } from "./handlers.js";
import { itemRow, views } from "./http.js";
import { itemReducer } from "./reducer.js";
import { AddItem, FinishItem, ItemAdded, ItemExpired, ItemFinished, NoticeSend } from "./shapes.js";

export default defineModule({
  api: 1,
  name: "items",
  domains: [
    {
      name: "items",
      contracts: new URL("./contracts/", import.meta.url),
      code: () => ({
        messages: [AddItem, FinishItem, ItemAdded, ItemFinished, ItemExpired],
        handlers: { HandlerAddItem, HandlerFinishItem, HandlerFinishDeadline },
        reducer: itemReducer,
        views,
        rows: { item_row: itemRow },
        intents: [NoticeSend],
        effects: {
          HandlerNoticeSend: HandlerNoticeSend(async (_id, owner, text) => console.log(`to ${owner}: ${text}`)),
        },
      }),
    },
  ],
});
