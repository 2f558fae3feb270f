import {
  call,
  type GatewayProblem,
  type Json,
  type ReadAccess,
  request,
  row,
  type RowEntity,
  rows as rowsOf,
  shape,
  viewsOf,
  z,
} from "rollcall";
import type { ParcelState } from "./shapes.js";

const view = viewsOf<ParcelState>();

const Parcel = z.object({
  ...{ parcel_id: z.string(), state: z.string().nullable(), email: z.string() },
  collect_until: z.iso.datetime().nullable(),
});
const Original = z.object({ state: z.string().nullable(), email: z.string(), items: z.array(z.string()) });

export const views = {
  parcel: view(Parcel, ({ id, state, data, deadlines }) => ({
    parcel_id: id,
    state,
    email: data.email,
    collect_until: deadlines["pickup"] ? new Date(deadlines["pickup"].at).toISOString() : null,
  })),
  /** What a redelivery has to know of the parcel that left. */
  original: view(Original, ({ state, data: { email, items } }) => ({ state, email, items })),
};

export const requests = {
  redeliver: request({ body: z.strictObject({ parcel_id: z.string().min(1) }) }, ({ body, loaded }) => {
    const { email, items } = Original.parse(loaded["original"]);
    return { parcel_id: body.parcel_id, email, items };
  }),
};

export const rows = {
  parcel_row: row({
    version: 1,
    shape: z.object({ status: z.string(), email: z.string() }),
    of: ({ state, data }: RowEntity<ParcelState>) => ({ status: state, email: data.email }),
  }),
  /** An item has no id of its own: its key is the parcel's and its place in it. */
  item_rows: rowsOf({
    version: 1,
    shape: z.object({ place: z.int(), item: z.string(), status: z.string() }),
    of: ({ state, data }: RowEntity<ParcelState>) => data.items.map((item, place) => ({ place, item, status: state })),
  }),
};

export const shapes = {
  item_page: shape(
    { answers: (listed) => z.object({ items: listed, total: z.int().nullable(), page: z.int() }) },
    ({ rows: items, total, page: { size = 1, offset } }) => ({ items, total, page: 1 + offset / size }),
  ),
};

export const errors = {
  short_error: ({ code, detail, requestId }: GatewayProblem): Json => ({
    error: code,
    text: detail,
    request: requestId,
  }),
};

const Counts = z.object({ by_state: z.record(z.string(), z.int()) });
const countsOf = async ({ counts }: ReadAccess): Promise<Record<string, number>> => Object.fromEntries(await counts());

export const calls = {
  count_parcels: call({ answers: Counts }, async (access): Promise<Json> => ({ by_state: await countsOf(access) })),
  count_as_text: call({ answers: z.string() }, async (access) =>
    Object.entries(await countsOf(access))
      .map(([state, count]) => `${state} ${count}\n`)
      .join(""),
  ),
};
