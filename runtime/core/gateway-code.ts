import type { z } from "zod";
import type { Caller } from "./door.ts";
import type { EntityView } from "./handler.ts";
import type { Json, NewEvent, Payload } from "./message.ts";
import type { Row } from "./projection.ts";

/** A request as the functions of a gateway are given it. */
export interface GatewayRequest<Body = Readonly<Record<string, Json>>, Query = Readonly<Record<string, string>>> {
  /** Without one an empty object. */
  readonly body: Body;
  /** What stands for the placeholders of the route. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly caller: Caller;
  /** What the contract says under `load`, by name. */
  readonly loaded: Readonly<Record<string, Json>>;
}

/** The request of a command. */
export interface CommandRequest<Body = GatewayRequest["body"], Query = GatewayRequest["query"]> extends GatewayRequest<
  Body,
  Query
> {
  /** UUIDs that follow from the message's id: the same ones when the request is repeated with its Idempotency-Key. */
  newId(): string;
}

/** The shapes of a request, which is checked before a function is called. */
export interface RequestShapes {
  readonly body?: z.ZodType | undefined;
  /** Its keys are the query parameters that there are; without it there are none. */
  readonly query?: z.ZodType | undefined;
}

/** Makes a message's payload. Pure and synchronous. */
export type RequestFunction = ((request: CommandRequest) => Payload) & RequestShapes;

/** An entity as it is shown. Times are in ms since the epoch. */
export interface ShownEntity<Data = never> extends EntityView<Data> {
  /** Rises by one with each event. */
  readonly seq: number;
  readonly stateSince: number;
  /** Of the last message from outside that was journaled or moved a deadline; null: not known. */
  readonly lastSeen: number | null;
}

/** What a view is given beside the entity. */
export interface ViewContext {
  /** What the view's `reads` has found, in an answer to a command. */
  readonly read?: Json | undefined;
  /** The event that the reply is for. */
  readonly event: NewEvent | undefined;
  readonly caller: Caller;
  /** Ms since the epoch. */
  readonly now: number;
}

/** What a function answers with, for documents and tests: a running system does not compare. */
interface Answering {
  readonly answers?: z.ZodType | undefined;
}

/**
 * What else the answer to a command tells, beside the entity: looked up when the command is carried out, so a failure
 * is none of the command's. What it throws is answered as if it had found nothing.
 */
export type ViewReads = (access: ReadAccess, entity: ShownEntity) => Promise<Json>;

/** Makes of an entity what is answered. Pure and synchronous. */
export type ViewFunction = ((entity: ShownEntity, context: ViewContext) => Json) &
  Answering & { readonly reads?: ViewReads | undefined };

const ANSWER: unique symbol = Symbol.for("rollcall.answer") as never;

/** An answer with more than its body. */
export interface Answer {
  readonly [ANSWER]: true;
  readonly body: Json;
  readonly status?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** What a function of `calls` returns that says more than the body: `answer({ ... }, { status: 503 })`. */
export const answer = (body: Json, more: Pick<Answer, "status" | "headers"> = {}): Answer => ({
  ...more,
  [ANSWER]: true,
  body,
});

export const isAnswer = (value: Json | Answer): value is Answer =>
  typeof value === "object" && value !== null && ANSWER in value;

/** A problem as RFC 9457 has it. */
export interface GatewayProblem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code?: string;
  /** `pointer`: into the body that was sent; `parameter`: a part of path, query or headers. */
  readonly errors: readonly {
    readonly detail: string;
    readonly pointer?: string | undefined;
    readonly parameter?: string | undefined;
  }[];
  /** The `x-request-id` of the answer. */
  readonly requestId: string;
}

/** Writes a problem. Pure and synchronous. */
export type ErrorsFunction = (problem: GatewayProblem) => Json;

/** What a function of `calls` may use. */
export interface ReadAccess {
  /** Ms since the epoch. */
  readonly now: number;
  /** Undefined: it is not there. `domain`: another one of this process. */
  entity(id: string, domain?: string): Promise<ShownEntity | undefined>;
  /** By id, at most `limit` (1 to 1,000, default 100) behind `after`. */
  entities(page?: {
    readonly after?: string;
    readonly limit?: number;
    readonly domain?: string;
  }): Promise<readonly ShownEntity[]>;
  /** How many entities are in each state of the orchestrator; a second old at most, or as long as the count takes. */
  counts(domain?: string): Promise<ReadonlyMap<string, number>>;
  /** Of this process: since when it runs, and whether the domain is ready to be used. */
  readonly process: { readonly version: string; readonly uptimeSeconds: number; readonly isReady: boolean };
  readonly backends: object;
  /** The module's variables. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Only where the contract says `acts: true`. */
  readonly host?: HostActs | undefined;
}

/** What a function of a call may have the host do. */
export interface HostActs {
  /**
   * Has entities of the domain purged that have ended in a state with `retain`, soon. Each is an operator's decision
   * of the caller, with the reason.
   * @param ids at most 1,000
   * @returns those that are to be purged: others are not there, or have not ended
   */
  purge(ids: readonly string[], reason: string): Promise<readonly string[]>;
  /** Once the call is answered the process drains, and ends as SIGTERM ends it. */
  leave(): void;
}

/** Answers a call: reads, or with `acts: true` acts. A text is sent as it is, anything else as JSON. */
export type CallFunction = ((access: ReadAccess, request: GatewayRequest) => Promise<Json | Answer> | Json | Answer) &
  RequestShapes &
  Answering;

/** Makes of a row of a projection what is listed. Pure and synchronous. */
export type RowView = ((row: Row, context: Pick<ViewContext, "caller" | "now">) => Json) & Answering;

/** What a list's shape is given. */
export interface ShownList<Query = GatewayRequest["query"]> {
  /** Stands for all the rows: put it somewhere into the body, as it is. */
  readonly rows: Json;
  /** How many rows fit, on all pages; null where the contract does not have them counted. */
  readonly total: number | null;
  readonly page: {
    /** Undefined: all rows that are left. */
    readonly size: number | undefined;
    readonly offset: number;
    /** What the next page is asked for with, where pages have cursors; undefined: this is the last one. */
    readonly next: string | undefined;
  };
  /** What the shape declares. */
  readonly query: Query;
}

/** What a list's shape says of requests, and of its answers: made of that of all rows. */
interface ListShapes extends Pick<RequestShapes, "query"> {
  readonly answers?: ((rows: z.ZodType) => z.ZodType) | undefined;
}

/** Puts the rows of a list into a body. Pure and synchronous. */
export type ShapeFunction = ((list: ShownList) => Json) & ListShapes;

/** The functions that gateways name. */
export interface GatewayCode {
  readonly requests?: Readonly<Record<string, RequestFunction>> | undefined;
  readonly views?: Readonly<Record<string, ViewFunction>> | undefined;
  readonly errors?: Readonly<Record<string, ErrorsFunction>> | undefined;
  readonly calls?: Readonly<Record<string, CallFunction>> | undefined;
  readonly rowViews?: Readonly<Record<string, RowView>> | undefined;
  readonly shapes?: Readonly<Record<string, ShapeFunction>> | undefined;
}

type Shaped<Schema, Default> = Schema extends z.ZodType ? z.output<Schema> : Default;
type BodyOf<Shapes> = Shapes extends { readonly body: infer Body } ? Shaped<Body, never> : GatewayRequest["body"];
type QueryOf<Shapes> = Shapes extends { readonly query: infer Query } ? Shaped<Query, never> : GatewayRequest["query"];

/**
 * A function of `requests`: `request({ body: z.strictObject({ ... }) }, ({ body }) => ({ ... }))`.
 * @param shapes a request that does not have them is answered with 400, and pointers to what is wrong
 */
export const request = <const Shapes extends RequestShapes>(
  shapes: Shapes,
  make: (request: CommandRequest<BodyOf<Shapes>, QueryOf<Shapes>>) => Payload,
): RequestFunction => Object.assign((given: CommandRequest) => make(given as never), shapes);

/** A function of `calls`: `call({ query: z.strictObject({ ... }) }, async (access, { query }) => ({ ... }))`. */
export const call = <const Shapes extends RequestShapes & Answering>(
  shapes: Shapes,
  run: (access: ReadAccess, request: GatewayRequest<BodyOf<Shapes>, QueryOf<Shapes>>) => ReturnType<CallFunction>,
): CallFunction => Object.assign((access: ReadAccess, given: GatewayRequest) => run(access, given as never), shapes);

/** A function of `shapes`: `shape({}, ({ rows, total }) => ({ items: rows, total }))`. */
export const shape = <const Shapes extends ListShapes>(
  shapes: Shapes,
  make: (list: ShownList<QueryOf<Shapes>>) => Json,
): ShapeFunction => Object.assign((list: ShownList) => make(list as never), shapes);

/** What a shape takes, however deep it can be read only. */
type Given<Value> = Value extends readonly (infer Item)[]
  ? readonly Given<Item>[]
  : Value extends object
    ? { readonly [Key in keyof Value]: Given<Value[Key]> }
    : Value;

type Make<Data, Made> = (entity: ShownEntity<Data>, context: ViewContext) => Made;

/**
 * Functions of `views` over entities whose data is `Data`: `viewsOf<ParcelState>()((entity) => ({ ... }))`. With a
 * shape before the function OpenAPI tells what it answers.
 */
export function viewsOf<Data>() {
  type Reads = (access: ReadAccess, entity: ShownEntity<Data>) => Promise<Json>;
  function view(make: Make<Data, Json>): ViewFunction;
  function view<Shape extends z.ZodType>(
    answers: Shape,
    make: Make<Data, Given<z.input<Shape>> | null>,
    reads?: Reads,
  ): ViewFunction;
  function view(
    ...given: readonly [ViewFunction] | readonly [z.ZodType, ViewFunction, (ViewReads | undefined)?]
  ): ViewFunction {
    if (given.length === 1) return given[0];
    const [answers, make, reads] = given;
    const view: ViewFunction = (entity, context) => make(entity, context);
    return Object.assign<ViewFunction, Pick<ViewFunction, "answers" | "reads">>(view, { answers, reads });
  }
  return view;
}

/** A function of `rowViews` with the shape of what it makes: `rowView(z.object({ ... }), (row) => ({ ... }))`. */
export const rowView = <Shape extends z.ZodType>(
  answers: Shape,
  make: (row: Row, context: Pick<ViewContext, "caller" | "now">) => Given<z.input<Shape>>,
): RowView => Object.assign(make as RowView, { answers });
