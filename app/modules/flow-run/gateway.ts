import { z } from "zod";
import { Answer, Inputs, Lid } from "../../../contracts/flow-run/messages/fields.ts";
import { type RunState, shownState } from "../../../contracts/flow-run/messages/state.ts";
import type { Caller } from "../../../runtime/core/door.ts";
import type { GatewayCode, ShownEntity } from "../../../runtime/core/gateway-code.ts";
import { request, rowView, shape, viewsOf } from "../../../runtime/core/gateway-code.ts";
import type { Json } from "../../../runtime/core/message.ts";
import { LaunchedBody, LocksBody, RunBody, runPage } from "./bodies.ts";
import type { OfferedFlow } from "./node/flow-node.ts";
import type { ListedRun } from "./rows.ts";

const by = ({ id }: Caller): string => id || "anonymous";
const utc = (time: string | null): string | null => (time === null ? null : new Date(time).toISOString());

function runBody({ id, state, stateSince, data }: ShownEntity<RunState>) {
  const shown = shownState(state);
  if (shown === null) return null;
  const { path, name, from, launched_by, inputs, progress, result, error, acknowledged, locks } = data;
  return {
    ...{ fid: id, path, name, state: shown, created: utc(data.created_at) ?? new Date(stateSince).toISOString() },
    ...{ started: utc(data.started_at), ended: utc(data.ended_at), progress, result, error, acknowledged, from },
    ...{ launched_by, inputs, locks },
  };
}

function listedBody(row: unknown): RunBody {
  const { fid, path, name, state, created, started, ended, from, launched_by, details } = row as ListedRun;
  const { progress, result, error, acknowledged, inputs, locks } = details as unknown as RunBody;
  return {
    ...{ fid, path, name, state: state as RunBody["state"], created, started, ended, progress, result, error },
    ...{ acknowledged, from, launched_by, inputs, locks },
  };
}

const view = viewsOf<RunState>();
const NONE = z.strictObject({});

/** The flow that a launch means; what can't be told apart is said before anything is published. */
const launchBody = (flows: readonly OfferedFlow[]) =>
  z
    .strictObject({ path: z.string().min(1).max(500), name: z.string().min(1).max(500), inputs: Inputs })
    .partial()
    .superRefine(({ path, name }, context) => {
      const wrong = (message: string): void => context.addIssue({ code: "custom", message, path: ["name"] });
      if (path === undefined && name === undefined) wrong("name or path of the flow is missing");
      const called = flows.filter(({ flow }) => flow.name === name);
      if (path === undefined && called.length > 1) wrong(`${called.length} flows are called so: give the path`);
      if (path !== undefined && name !== undefined && !called.some(({ flow }) => flow.path === path))
        wrong("the flow of this path is called otherwise: give one of both");
    });

/** Requests are checked against the node's own list of flows: it is fixed while the node runs. */
const requestsOf = (flows: readonly OfferedFlow[]) => {
  const launchOf = (path: string | undefined, name: string | undefined, given: Readonly<Record<string, Json>>) => {
    const offered = flows.find(({ flow }) => (path === undefined ? flow.name === name : flow.path === path));
    const known = offered?.runnable ? "runnable" : offered ? "listed" : "unknown";
    return {
      path: offered?.flow.path ?? path ?? name ?? "",
      name: offered?.flow.name ?? name ?? path ?? "",
      inputs: { ...offered?.inputs, ...given },
      offered: known,
    };
  };
  return {
    launch: request({ body: launchBody(flows), query: NONE }, ({ body, caller, newId }) => ({
      ...launchOf(body.path, body.name, (body.inputs ?? {}) as Readonly<Record<string, Json>>),
      ...{ fid: newId(), by: by(caller) },
    })),
    restart: request({ body: NONE, query: NONE }, ({ params, caller, loaded, newId }) => {
      const { path, inputs } = loaded["former"] as unknown as Pick<RunState, "path" | "inputs">;
      const launch = launchOf(path, undefined, {});
      return { ...launch, inputs: inputs as Json, fid: newId(), from: params["fid"] ?? "", by: by(caller) };
    }),
    answer: request(
      { body: z.strictObject({ lid: Lid, result: Answer }), query: NONE },
      ({ body, params, caller }) => ({
        ...{ fid: params["fid"], lid: body.lid, result: body.result as Json, by: by(caller) },
      }),
    ),
    decide: request({ body: NONE, query: NONE }, ({ params, caller }) => ({ fid: params["fid"], by: by(caller) })),
  };
};

export const runGateway = (flows: readonly OfferedFlow[]) =>
  ({
    requests: requestsOf(flows),
    views: {
      run: view(RunBody, (entity) => runBody(entity) as never),
      launched: view(LaunchedBody, ({ id }) => ({ fid: id })),
      locks: view(LocksBody, ({ id, state, data }) => {
        const shown = shownState(state);
        return shown === null ? null : ({ fid: id, state: shown, locks: data.locks } as never);
      }),
      former: view(({ state, data: { path, name, inputs } }) => {
        const shown = shownState(state);
        return shown === null ? null : ({ state: shown, path, name, inputs } as Json);
      }),
    },
    rowViews: { listed_run: rowView(RunBody, (row) => listedBody(row) as never) },
    shapes: {
      runs: shape({ query: NONE, answers: runPage }, ({ rows, total, page: { size = 0, offset } }) => ({
        ...{ runs: rows, p: size === 0 ? 1 : Math.floor(offset / size) + 1, pp: size, total },
      })),
    },
  }) satisfies GatewayCode;
