import { fileURLToPath } from "node:url";
import type { Module } from "../host/module.ts";
import { flowNodes } from "./flow-node/module.ts";
import { nodeRegistryWithCommands } from "./node-registry/with-commands.ts";
import { flowRunsWithCommands } from "./flow-run/with-commands.ts";
import { registrationWithCommands } from "./registration/with-commands.ts";

/** Each is loaded by its name. */
export const SHIPPED: readonly Module[] = [
  registrationWithCommands,
  nodeRegistryWithCommands,
  flowNodes,
  flowRunsWithCommands,
];
/** Served when nothing is named. */
export const SERVED_BY_DEFAULT: readonly Module[] = [registrationWithCommands];
/** The folder that `rollcall dev` copies when it has no contracts. */
export const SHIPPED_CONTRACTS = fileURLToPath(new URL("../../contracts/registration", import.meta.url));
