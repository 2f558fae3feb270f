import { z } from "zod";
import { type RunState, shownState } from "../../../contracts/flow-run/messages/state.ts";
import { row, type RowEntity } from "../../../runtime/core/projection.ts";

const time = z.iso.datetime().nullable();

const RunRow = z.object({
  ...{ path: z.string(), name: z.string(), state: z.string(), launched_by: z.string(), from: z.string().nullable() },
  ...{ created: z.iso.datetime(), started: time, ended: time, is_acknowledged: z.boolean() },
  /** What is only shown. */
  details: z.object({
    ...{ inputs: z.json(), progress: z.json(), result: z.json(), error: z.json(), acknowledged: z.json() },
    ...{ locks: z.json() },
  }),
});

/** A row as a list is given it. */
export type ListedRun = z.infer<typeof RunRow> & { readonly fid: string };

export const runRow = row({
  version: 1,
  shape: RunRow,
  of: ({ state, data, stateSince }: RowEntity<RunState>) => {
    const shown = shownState(state);
    if (shown === null) return null;
    const { path, name, launched_by, from, inputs, progress, result, error, acknowledged, locks } = data;
    return {
      ...{ path, name, state: shown, launched_by, from, is_acknowledged: acknowledged !== null },
      created: utc(data.created_at) ?? new Date(stateSince).toISOString(),
      ...{ started: utc(data.started_at), ended: utc(data.ended_at) },
      details: { inputs, progress, result, error, acknowledged, locks },
    };
  },
});

const utc = (time: string | null): string | null => (time === null ? null : new Date(time).toISOString());
