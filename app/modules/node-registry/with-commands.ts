import type { Module } from "../../host/module.ts";
import { loadableAs } from "../../host/module-specifiers.ts";
import { nodeRegistry } from "./module.ts";

const withCommands: Module = {
  ...nodeRegistry,
  commands: {
    node: () => import("./commands/node.ts"),
    router: () => import("./commands/router.ts"),
  },
};

export const nodeRegistryWithCommands = loadableAs(withCommands, nodeRegistry.name);
