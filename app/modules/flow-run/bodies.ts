import { z } from "zod";
import { Flow } from "../../../contracts/flow-node/messages/flow.ts";
import { OpenLock } from "../../../contracts/flow-run/messages/state.ts";

const time = z.iso.datetime();
const count = z.int().min(0);
const State = z.enum(["pending", "locked", "done", "error"]);

/** A run as it is shown, alone and in lists. */
export const RunBody = z.object({
  ...{ fid: z.string(), path: z.string(), name: z.string(), state: State },
  created: time,
  started: time.nullable().describe("null: it waits for another one to end"),
  ended: time.nullable(),
  progress: z.json().describe("how far it is, as the flow says it"),
  result: z.json(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  acknowledged: z.object({ by: z.string(), at: time }).nullable(),
  from: z.string().nullable().describe("the run that it repeats"),
  ...{ launched_by: z.string(), inputs: z.record(z.string(), z.json()) },
  locks: z.array(OpenLock).describe("what it asks people"),
});
export type RunBody = z.infer<typeof RunBody>;

export const LaunchedBody = z.object({ fid: z.string() });
export const LocksBody = z.object({ fid: z.string(), state: State, locks: z.array(OpenLock) });

export const runPage = (runs: z.ZodType): z.ZodType => z.object({ runs, p: z.int(), pp: z.int(), total: count });

/** The node as registries list it: who reads those can read this. */
export const NodesBody = z.object({
  nodes: z.array(
    z.object({ ...{ node: z.string(), online: time, heartbeat: time, alive: z.literal(true) }, flows: z.array(Flow) }),
  ),
});

export const StateBody = z.object({
  ...{ status: z.enum(["healthy", "unhealthy"]), service: z.literal("flow-node"), node: z.string() },
  ...{ version: z.string(), uptime_seconds: count, flows: count },
  runs: z.object({ pending: count, locked: count, done: count, error: count }),
  registries: z.array(
    z.object({
      ...{ url: z.string(), state: z.enum(["connecting", "connected", "refused", "away"]), since: time },
      detail: z.string(),
    }),
  ),
});

const StaleRun = z.object({ fid: z.string(), state: State, ended: time.nullable(), why: z.string() });
export const StaleBody = z.object({ runs: z.array(StaleRun) });
export const RemovedBody = z.object({ removed: z.array(StaleRun) });
export const LeavingBody = z.object({ node: z.string(), status: z.literal("leaving") });
