// What `import ... from "rollcall"` gives: all that a domain's shapes, functions and effects are written with.
import type { Served, ServeOptions } from "./host/serve-options.ts";

export { z } from "zod";
export {
  done,
  effect,
  type Effect,
  type EffectContext,
  type IntentPayload,
  type Outcome,
  failed,
  notYet,
} from "../runtime/core/effect.ts";
export type { Caller, Door, DoorContext, DoorPart } from "../runtime/core/door.ts";
export { Fault } from "../runtime/core/fault.ts";
export {
  absorbed,
  type Absorbed,
  type ArmedDeadline,
  type EntityView,
  type Handler,
  type HandlerAction,
  type HandlerContext,
  type HandlerOptions,
  type HandlerResult,
  handlersOf,
  nothing,
  type Nothing,
  refuse,
  type Refused,
} from "../runtime/core/handler.ts";
export {
  answer,
  type Answer,
  call,
  type CallFunction,
  type CommandRequest,
  type ErrorsFunction,
  type GatewayProblem,
  type GatewayRequest,
  type ReadAccess,
  request,
  type RequestFunction,
  type RowView,
  rowView,
  shape,
  type ShapeFunction,
  type ShownEntity,
  type ShownList,
  type ViewContext,
  type ViewFunction,
  viewsOf,
} from "../runtime/core/gateway-code.ts";
export { intent, type Intent, type IntentDefinition, type NewIntent, noIntent } from "../runtime/core/intent.ts";
export {
  DeadlineFired,
  IntentFailed,
  type Json,
  message,
  type MessageDefinition,
  type MessageOptions,
  type NewEvent,
  type Payload,
  type PayloadOf,
  raised,
} from "../runtime/core/message.ts";
export {
  defineModule,
  type DomainAccess,
  type Job,
  type JobContext,
  type Measure,
  type Module,
  type ModuleBackend,
  type ModuleCode,
  type ModuleCommand,
  type ModuleDomain,
  type Variables,
  type ModuleHttp,
  type ModuleRoute,
  type RouteReply,
  type RouteRequest,
  type RoutesContext,
} from "./host/module.ts";
export type { Backends } from "../effects/backends.ts";
export type { Served, ServeOptions } from "./host/serve-options.ts";
export { type DirectoryRow, directoryRow } from "../runtime/core/directory.ts";
export {
  logRow,
  type LoggedMessage,
  row,
  type Row,
  type RowEntity,
  type RowFunction,
  rows,
} from "../runtime/core/projection.ts";
export { reducer, type Reducer, type ReducerContext } from "../runtime/core/reducer.ts";

/**
 * As `rollcall start`, in this process; logs are JSON lines on standard output. Resolves when the domains are served.
 * @throws Error that names each problem of the configuration, or of the contracts with file and line
 */
export const serve = async (options: ServeOptions): Promise<Served> => (await import("./serve.ts")).serve(options);
