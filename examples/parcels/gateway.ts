import { call, type Json, type ReadAccess, row, type RowEntity, viewsOf, z } from "rollcall";
import type { ParcelState } from "./shapes.js";

const view = viewsOf<ParcelState>();

const Parcel = z.object({
  ...{ parcel_id: z.string(), state: z.string().nullable(), email: z.string() },
  collect_until: z.iso.datetime().nullable(),
});

export const views = {
  parcel: view(Parcel, ({ id, state, data, deadlines }) => ({
    parcel_id: id,
    state,
    email: data.email,
    collect_until: deadlines["pickup"] ? new Date(deadlines["pickup"].at).toISOString() : null,
  })),
};

export const rows = {
  parcel_row: row({
    version: 1,
    shape: z.object({ status: z.string(), email: z.string() }),
    of: ({ state, data }: RowEntity<ParcelState>) => ({ status: state, email: data.email }),
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
