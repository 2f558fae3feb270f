import type { Command } from "commander";
import type { Backends } from "../../effects/backends.ts";
import type { DomainCode } from "../../runtime/core/domain.ts";

/** The version of the interface between a module and this package. */
export const MODULE_API = 1;

/** What the names in a domain's contracts stand for, with its effects on the given backends. */
export type ModuleCode = Omit<DomainCode, "domain">;

export interface ModuleDomain {
  /** As `domain:` in its contracts: `^[a-z][a-z0-9_]{0,40}$`. */
  readonly name: string;
  /** The folder of its contracts: `new URL("./contracts/", import.meta.url)`. */
  readonly contracts: URL;
  /** Called with backends that refuse every use, too: for `validate`, `check`, `graph` and `replay`. */
  readonly code: (backends: Backends) => ModuleCode;
}

/** A file with a command of a module. */
export interface ModuleCommand {
  /** Adds the command to `rollcall`, as commander does it: `program.command("parcels").action(...)`. */
  readonly addCommands: (program: Command) => void;
}

/** Domains that are installed and served together: contracts, and the code that they name. */
export interface Module {
  readonly api: typeof MODULE_API;
  /** `^[a-z][a-z0-9_]{0,40}$`. */
  readonly name: string;
  readonly domains: readonly ModuleDomain[];
  /**
   * Commands of its own, by their first word: `{ parcels: () => import("./commands/parcels.js") }` adds
   * `rollcall parcels`. A file is loaded only when its command is called, and for `--help`.
   */
  readonly commands?: Readonly<Record<string, () => Promise<ModuleCommand>>>;
}

/** Declares a module. It is checked where it is loaded, so that a module in JavaScript is checked too. */
export const defineModule = (module: Module): Module => module;

/** A module that can't be used: its message names the module, each problem and the remedy. */
export class InvalidModuleError extends Error {
  override readonly name = "InvalidModuleError";
}
