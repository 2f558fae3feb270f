import { z } from "zod";
import type { DomainCode } from "../../runtime/core/domain.ts";
import { done, type Effect, effect } from "../../runtime/core/effect.ts";
import { intent } from "../../runtime/core/intent.ts";
import { message, raised } from "../../runtime/core/message.ts";
import { reducer } from "../../runtime/core/reducer.ts";

/** A domain of documents: its contracts are in `pages/`. */
export const pagesFolder = new URL("./pages", import.meta.url).pathname;

const text = z.string();
const WritePage = message("WritePage", { page_id: z.string(), text });
const RemovePage = message("RemovePage", { page_id: z.string() });
const PageChanged = message("PageChanged", { text });
const PageShelved = message("PageShelved", {});
const PageListed = message("PageListed", {});
export const PageShelve = intent("page.shelve", { page_id: z.string(), text });
export const PageUnshelve = intent("page.unshelve", { page_id: z.string() });
export const PageList = intent("page.list", { page_id: z.string() });

const Page = z.object({ text: z.string().default("") });

/** @param effects others than those that do nothing and succeed */
export const pagesCode = (effects: Readonly<Record<string, Effect>> = {}): DomainCode => ({
  domain: "pages",
  messages: [
    ...[WritePage, RemovePage, PageChanged, PageShelved, PageListed],
    ...["PageSaved", "PageNotSaved", "PageRemoved"].map((type) => message(type, {})),
    ...["ShelvesAgree", "ShelfRefused"].map(raised),
  ],
  handlers: {},
  reducer: reducer(
    Page,
    { note_text: (_, { payload }: { payload: z.infer<typeof Page> }) => ({ text: payload.text }) },
    {
      emit_shelve: (page, { entity }) => PageShelve.of({ page_id: entity.id, ...page }),
      emit_unshelve: (_, { entity }) => PageUnshelve.of({ page_id: entity.id }),
      emit_list: (_, { entity }) => PageList.of({ page_id: entity.id }),
    },
  ),
  intents: [PageShelve, PageUnshelve, PageList],
  effects: {
    HandlerPageShelve: effect(PageShelve, ["SHELF_FULL"], async (all) => all.map(() => done(PageShelved.of({})))),
    HandlerPageUnshelve: effect(PageUnshelve, [], async (all) => all.map(() => done())),
    HandlerPageList: effect(PageList, [], async (all) => all.map(() => done(PageListed.of({})))),
    ...effects,
  },
});
