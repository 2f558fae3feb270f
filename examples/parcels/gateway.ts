import { call, type Json, type ReadAccess, viewsOf } from "rollcall";
import type { ParcelState } from "./shapes.js";

const view = viewsOf<ParcelState>();

export const views = {
  parcel: view(({ id, state, data, deadlines }) => ({
    parcel_id: id,
    state,
    email: data.email,
    collect_until: deadlines["pickup"] ? new Date(deadlines["pickup"].at).toISOString() : null,
  })),
};

const countsOf = async ({ counts }: ReadAccess): Promise<Record<string, number>> => Object.fromEntries(await counts());

export const calls = {
  count_parcels: call({}, async (access): Promise<Json> => ({ by_state: await countsOf(access) })),
  count_as_text: call({}, async (access) =>
    Object.entries(await countsOf(access))
      .map(([state, count]) => `${state} ${count}\n`)
      .join(""),
  ),
};
