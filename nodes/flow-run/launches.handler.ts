import { LaunchRun, RestartRun } from "../../contracts/flow-run/messages/commands.ts";
import { RunLaunched } from "../../contracts/flow-run/messages/events.ts";
import { refuse } from "../../runtime/core/handler.ts";
import type { Json } from "../../runtime/core/message.ts";
import { handler } from "./handler.ts";

export const HandlerLaunchRun = handler(
  LaunchRun,
  {},
  {
    launch: ({ message: { payload } }) => {
      const { path, name, inputs, by } = payload;
      return [RunLaunched.of({ path, name, inputs, by, from: null })];
    },
  },
);

export const HandlerRestartRun = handler(
  RestartRun,
  { reads: ["loaded"], refusals: ["WRONG_STATE"] },
  {
    wrong_state: ({ loaded }) => refuse("WRONG_STATE", { state: stateOf(loaded["former"]) }),
    repeat: ({ message: { payload } }) => {
      const { path, name, inputs, by, from } = payload;
      return [RunLaunched.of({ path, name, inputs, by, from })];
    },
  },
);

const stateOf = (former: Json | undefined): string =>
  String((former as { readonly state?: unknown } | null | undefined)?.state ?? "unknown");
