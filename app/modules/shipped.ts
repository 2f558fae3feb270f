import { fileURLToPath } from "node:url";
import type { Module } from "../host/module.ts";
import { registrationWithCommands } from "./registration/with-commands.ts";

/** Served when nothing else is named. */
export const SHIPPED: readonly Module[] = [registrationWithCommands];
/** The folder that `rollcall dev` copies when it has no contracts. */
export const SHIPPED_CONTRACTS = fileURLToPath(new URL("../../contracts/registration", import.meta.url));
