import type { Backends } from "../../effects/backends.ts";
import type { Decision } from "../../runtime/core/decision.ts";
import type { DomainCode } from "../../runtime/core/domain.ts";

/** The version of the interface between a module and this package. */
export const MODULE_API = 1;

/** What the names in a domain's contracts stand for, with its effects on the given backends. */
export type ModuleCode = Omit<DomainCode, "domain">;

/** A duration that decisions tell: shown in the overview, and the histogram `rollcall_<name>_seconds`. */
export interface Measure {
  /** `^[a-z][a-z0-9_]{0,40}$`. */
  readonly name: string;
  /** Of the histogram: from what to what. */
  readonly help: string;
  /** In ms; undefined when the decision ends none. */
  readonly durationMs: (decision: Decision, brokerTimeMs: () => number) => number | undefined;
}

export interface ModuleDomain {
  /** As `domain:` in its contracts: `^[a-z][a-z0-9_]{0,40}$`. */
  readonly name: string;
  /** The folder of its contracts: `new URL("./contracts/", import.meta.url)`. */
  readonly contracts: URL;
  /** Called with backends that refuse every use, too: for `validate`, `check`, `graph` and `replay`. */
  readonly code: (backends: Backends) => ModuleCode;
  readonly measures?: readonly Measure[];
}

/** A file with a command of a module. */
export interface ModuleCommand {
  /** Adds the command to `rollcall`. `program` is commander's: `program.command("parcels").action(...)`. */
  addCommands(program: object): void;
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
  /**
   * Adds HTTP routes of its own, once for each of its domains that is served. `http` is a fastify instance whose routes
   * need `config.access`; `api` is what the domain's other routes share. Their types are left to whoever uses them:
   * this package exports no types of other packages.
   */
  routes?(http: object, api: object): void | Promise<void>;
  /** True: what operators ask of its one domain is served at `/api/v1/` too, without `domains/<name>/`. */
  readonly isAtRoot?: boolean;
}

/** Declares a module. It is checked where it is loaded, so that a module in JavaScript is checked too. */
export const defineModule = (module: Module): Module => module;

/** A module that can't be used: its message names the module, each problem and the remedy. */
export class InvalidModuleError extends Error {
  override readonly name = "InvalidModuleError";
}
