import { z } from "zod";
import type { Backends } from "../../effects/backends.ts";
import type { Decision } from "../../runtime/core/decision.ts";
import type { DomainCode } from "../../runtime/core/domain.ts";
import type { Entity } from "../../runtime/core/entity.ts";
import type { EntityView } from "../../runtime/core/handler.ts";
import type { Payload } from "../../runtime/core/message.ts";
import { reducer } from "../../runtime/core/reducer.ts";

/** The version of the interface between a module and this package. */
export const MODULE_API = 1;

/** The variables that a module declares as its `config`, as this made them of the environment. */
export type Variables = Readonly<Record<string, unknown>>;

/** What the names in a domain's contracts stand for, with its effects on the given backends. */
export type ModuleCode = Pick<DomainCode, "messages"> & Partial<Omit<DomainCode, "domain" | "messages" | "variables">>;

/**
 * A domain's code, complete: of what a module leaves out there is none.
 * @param variables that may be left unset
 */
export function domainCodeOf(domain: string, code: ModuleCode, variables: readonly string[] = []): DomainCode {
  const { handlers = {}, reducer: given = reducer(z.object({}), {}, {}), intents = [], effects = {}, ...more } = code;
  return { ...more, domain, handlers, reducer: given, intents, effects, variables };
}

/** A duration that decisions tell: shown in the overview, and the histogram `rollcall_<name>_seconds`. */
export interface Measure {
  /** `^[a-z][a-z0-9_]{0,40}$`. */
  readonly name: string;
  /** Of the histogram: from what to what. */
  readonly help: string;
  /** In ms; undefined when the decision ends none. `before`: the entity as it was. */
  readonly durationMs: (
    decision: Decision,
    brokerTimeMs: () => number,
    before: Entity | undefined,
  ) => number | undefined;
}

/** A way of a module's own to something outside, such as a client of a database or a queue. */
export interface ModuleBackend<Config = Variables, Client = unknown> {
  /**
   * Called once in a process, when the backend is first used. What it returns is `backends.<name>`: it connects when it
   * is used, or is a promise.
   */
  open(config: Config): Client;
  /**
   * Whether it can be reached; asked every few seconds while it is in use. Rejects with the reason, which is a trouble
   * of the domain; resolves with what `rollcall doctor` shows, such as a version.
   */
  check?(client: Client): Promise<string | undefined>;
  /** The process stops, and no effect runs any more. */
  close?(client: Client): Promise<void> | void;
}

export interface ModuleDomain<Config = Variables, Own = object> {
  /** As `domain:` in its contracts: `^[a-z][a-z0-9_]{0,40}$`. */
  readonly name: string;
  /** The folder of its contracts: `new URL("./contracts/", import.meta.url)`. */
  readonly contracts: URL;
  /**
   * Called for `validate`, `check`, `graph`, `plan` and `replay` too: then backends refuse every use, and each variable
   * of `config` has its default or is undefined. So it hands on what effects need, and these use it when they run.
   */
  readonly code: (backends: Backends & Own, config: Config) => ModuleCode;
  readonly measures?: readonly Measure[];
  readonly jobs?: readonly Job<NoInfer<Config>, NoInfer<Own>>[];
}

/** Work that is done from time to time, or all the time, by one of the processes that serve the domain. */
export interface Job<Config = Variables, Own = object> {
  /** Unique in its domain: `^[a-z][a-z0-9_]{0,40}$`. */
  readonly name: string;
  /**
   * From the beginning of a run to the next one, 1s to 1d: `60s`; or `always`, one run that goes on until its signal
   * is aborted. One that ends before is begun anew: after 1 s, then twice as long up to 60 s if it ends soon again.
   */
  readonly every: string;
  /** May be called again after each end. What it throws is told to operators, and that is all that follows. */
  readonly run: (context: JobContext<Config, Own>) => Promise<void>;
}

/** What code of a module that is no function of its contracts may do with a domain. */
export interface DomainAccess<Config = Variables, Own = object> {
  readonly backends: Backends & Own;
  /** The module's variables. */
  readonly config: Config;
  /**
   * Publishes a message of the domain, as anybody would. Resolves when the bus has it; what it leads to comes later.
   * @param type one of the contract's `consumed_events`
   * @throws DecodeError, with what is wrong in the payload; Fault BUS_UNAVAILABLE, MESSAGE_TOO_LARGE
   */
  publish(type: string, payload: Payload): Promise<void>;
  /**
   * Reads the domain's entities by their ids, as they are stored, with data as handlers are given it.
   * @param page `after`: the last id of the page before; `limit`: 1 to 1,000, default 100
   * @throws Fault STORE_UNAVAILABLE; ENTITY_UNREADABLE
   */
  read(page?: { readonly after?: string; readonly limit?: number }): Promise<readonly EntityView<unknown>[]>;
}

/** What a run of a job is given. */
export interface JobContext<Config = Variables, Own = object> extends DomainAccess<Config, Own> {
  /**
   * Aborted when the process stops, or can't be sure any more to be the only one that runs the job. The run should
   * end within 5 s. From then on `publish` and `read` reject.
   */
  readonly signal: AbortSignal;
}

/** What `routes` is given of a domain. */
export interface RoutesContext<Config = Variables, Own = object> extends DomainAccess<Config, Own> {
  readonly name: string;
}

/** What a route is asked: as Fastify has it. The body is an object, of JSON. */
export interface RouteRequest {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** How a route answers: as Fastify has it. */
export interface RouteReply {
  /** The HTTP status; without it 200. */
  code(status: number): RouteReply;
  header(name: string, value: string): RouteReply;
}

/** An HTTP route of a module: what is promised of Fastify's. */
export interface ModuleRoute {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** From the root, such as `/api/v1/parcels/:parcel_id/label`. A `node` token is held to its own entity's id field. */
  readonly url: string;
  /** Who may use it: `anyone` also without a token; otherwise these roles, and operators. */
  readonly config: { readonly access: "anyone" | readonly ("reader" | "node")[] };
  /** What it resolves with is the answer, as JSON. What it throws is a problem (RFC 9457). */
  readonly handler: (request: RouteRequest, reply: RouteReply) => Promise<unknown>;
}

/** Takes routes: a Fastify instance. */
export interface ModuleHttp {
  route(route: ModuleRoute): unknown;
}

/** A file with a command of a module. */
export interface ModuleCommand {
  /** Adds the command to `rollcall`. `program` is commander's: `program.command("parcels").action(...)`. */
  addCommands(program: object): void | Promise<void>;
}

/** Domains that are installed and served together: contracts, and the code that they name. */
export interface Module<Config extends z.ZodObject = z.ZodObject, Own extends object = object> {
  readonly api: typeof MODULE_API;
  /** `^[a-z][a-z0-9_]{0,40}$`. */
  readonly name: string;
  readonly domains: readonly ModuleDomain<z.output<Config>, Own>[];
  /**
   * Backends of its own, by name: `^[a-z][a-zA-Z0-9]{0,40}$`. Each is opened once in a process, when it is first used.
   */
  readonly backends?: { readonly [Name in keyof Own]: ModuleBackend<z.output<Config>, Own[Name]> };
  /**
   * Its own variables of the environment, by their names: `z.object({ PARCELS_URL: z.url().describe("...") })`. Each
   * has a description, of which "(secret)" at the end makes a secret: `NAME_FILE` may name a file, and no log shows it.
   * What is wrong refuses the start, all at once.
   */
  readonly config?: Config;
  /**
   * A folder of SQL files NNNN_name.sql, for tables of its own: `new URL("./migrations/", import.meta.url)`. Each is
   * applied once, in order, in a transaction, before a domain of the module is served. The tables are in the schema
   * `rollcall_<name>`: a migration may leave the schema out, statements on `backends.sql` name it.
   */
  readonly migrations?: URL;
  /**
   * Commands of its own, by their first word: `{ parcels: () => import("./commands/parcels.js") }` adds
   * `rollcall parcels`. A file is loaded only when its command is called, and for `--help`.
   */
  readonly commands?: Readonly<Record<string, () => Promise<ModuleCommand>>>;
  /** Adds HTTP routes of its own, once for each of its domains that is served. */
  routes?(http: ModuleHttp, domain: RoutesContext<z.output<NoInfer<Config>>, NoInfer<Own>>): void | Promise<void>;
  /** True: what operators ask of its one domain is served at `/api/v1/` too, without `domains/<name>/`. */
  readonly isAtRoot?: boolean;
}

/** The modules that have a domain among those to serve. @param only domains; undefined: all */
export const servedModules = (modules: readonly Module[], only: readonly string[] | undefined): readonly Module[] =>
  modules.filter(({ domains }) => domains.some(({ name }) => only?.includes(name) ?? true));

/** Declares a module. It is checked where it is loaded, so that a module in JavaScript is checked too. */
export const defineModule = <Config extends z.ZodObject = z.ZodObject, Own extends object = object>(
  module: Module<Config, Own>,
): Module => module as unknown as Module;

/** A module that can't be used: its message names the module, each problem and the remedy. */
export class InvalidModuleError extends Error {
  override readonly name = "InvalidModuleError";
}
