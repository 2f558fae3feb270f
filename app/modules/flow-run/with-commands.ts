import type { Module } from "../../host/module.ts";
import { loadableAs } from "../../host/module-specifiers.ts";
import { flowRuns } from "./module.ts";

const withCommands: Module = {
  ...flowRuns,
  commands: { "flow-node": () => import("./commands/flow-node.ts") },
};

export const flowRunsWithCommands = loadableAs(withCommands, flowRuns.name);
