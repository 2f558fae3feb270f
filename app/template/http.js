// @ts-check
// What is shown of an item over HTTP, and its row in lists, by the names in contracts/http.yaml and views.yaml.
import { row, viewsOf, z } from "rollcall";

const view = /** @type {typeof viewsOf<import("./shapes.js").ItemState>} */ (viewsOf)();
const time = (/** @type {number} */ ms) => new Date(ms).toISOString();

/** As OpenAPI tells it, too. */
const Item = z.object({
  ...{ item_id: z.string(), state: z.string().nullable(), owner: z.string() },
  open_until: z.iso.datetime().nullable(),
});

export const views = {
  item: view(Item, ({ id, state, data, deadlines: { finish } }) => ({
    ...{ item_id: id, state, owner: data.owner },
    open_until: finish ? time(finish.at) : null,
  })),
};

/** Another row than before, for the same item, is another version: here, and in contracts/views.yaml. */
export const itemRow = row({
  version: 1,
  shape: z.object({ owner: z.string(), state: z.string(), since: z.iso.datetime() }),
  of: (/** @type {import("rollcall").RowEntity<import("./shapes.js").ItemState>} */ { state, data, stateSince }) => ({
    ...{ owner: data.owner, state, since: time(stateSince) },
  }),
});
