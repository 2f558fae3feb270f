import { z } from "zod";
import { defineModule } from "../../../../app/host/module.ts";
import { call, request, rowView, shape, viewsOf } from "../../../../runtime/core/gateway-code.ts";
import { message } from "../../../../runtime/core/message.ts";
import { row } from "../../../../runtime/core/projection.ts";

const book_id = z.string().regex(/^[a-z0-9-]{1,40}$/);
const BOOK = {
  title: z.string().min(1).max(100),
  pages: z.int().min(1),
  marks: z.array(z.string()),
  bought_at: z.iso.datetime().nullable(),
};
type Book = { readonly [Name in keyof typeof BOOK]: z.output<(typeof BOOK)[Name]> };

const BookBody = z.object({
  ...{ book_id, state: z.string().nullable(), title: z.string().nullable(), pages: z.int().nullable() },
});
const book = viewsOf<Partial<Book>>()(BookBody, ({ id, state, data: { title = null, pages = null } }) => ({
  ...{ book_id: id, state, title, pages },
}));

/** Books: each deed that a gateway's contract can say, and problems as RFC 9457 and as a function writes them. */
export const shelf = defineModule({
  api: 1,
  name: "shelf",
  domains: [
    {
      name: "shelf",
      contracts: new URL("./", import.meta.url),
      code: () => ({
        messages: [
          ...[message("PutBook", { book_id, ...BOOK }), message("LendBook", { book_id })],
          ...[message("DropBook", { book_id }), message("BookPut", BOOK)],
          ...[message("BookLent", {}), message("BookDropped", {})],
        ],
        rows: {
          book_row: row({
            version: 1,
            shape: z.object({ state: z.string(), ...BOOK }),
            of: ({ state, data }) => (state === "STANDING" ? { ...(data as Book), state } : null),
          }),
        },
        views: { book },
        rowViews: {
          spine: rowView(z.object({ id: book_id, title: z.string() }), ({ book_id: id, title }) => ({
            ...{ id: String(id), title: String(title) },
          })),
        },
        requests: {
          change_book: request({ body: z.strictObject(BOOK) }, ({ body, params }) => ({
            ...{ ...body, book_id: params["book_id"] ?? "" },
          })),
          order_book: request({ body: z.strictObject({ title: BOOK.title }) }, ({ body, newId }) => ({
            ...{ book_id: newId(), title: body.title, pages: 1, marks: ["ordered"], bought_at: null },
          })),
          lend_book: request({ query: z.strictObject({ book: z.string() }) }, ({ query }) => ({ book_id: query.book })),
        },
        shapes: {
          book_page: shape(
            {
              query: z.strictObject({ bare: z.literal("true").optional() }),
              answers: (rows) =>
                z.union([rows, z.object({ of: z.int().nullable(), next: z.string().nullable(), rows })]),
            },
            ({ rows, total, page: { next }, query: { bare } }) =>
              bare ? rows : { of: total, next: next ?? null, rows },
          ),
        },
        calls: {
          count_books: call({ answers: z.object({ by_state: z.record(z.string(), z.int()) }) }, async ({ counts }) => ({
            by_state: Object.fromEntries(await counts()),
          })),
          count_as_text: call({ answers: z.string() }, async ({ counts }) => [...(await counts()).keys()].join("\n")),
        },
        errors: { plain: ({ status, detail, requestId }) => ({ failed: status, detail, requestId }) },
      }),
    },
  ],
});
