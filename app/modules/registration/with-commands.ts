import type { Module } from "../../host/module.ts";
import { loadableAs } from "../../host/module-specifiers.ts";
import { registration } from "./module.ts";

/** Apart from the module, which the commands themselves serve. */
const withCommands: Module = {
  ...registration,
  commands: {
    demo: () => import("./commands/demo.ts"),
    nodes: () => import("./commands/nodes.ts"),
    simulate: () => import("./commands/simulate.ts"),
  },
};

export const registrationWithCommands = loadableAs(withCommands, registration.name);
