import type {
  CallFunction,
  ErrorsFunction,
  RequestFunction,
  RowView,
  ShapeFunction,
  ViewFunction,
} from "./gateway-code.ts";
import type { RowsQuery, RowTest } from "./rows-query.ts";

/** A part of a path between two slashes: a text, or what stands for a placeholder. */
export type Segment = { readonly literal: string } | { readonly parameter: string };

/** Who may call: whoever comes, or who has one of these roles or permissions. */
export type CallAccess = "public" | readonly string[];

/** So many requests in each window of time. */
export interface LimitSpec {
  /** Calls with the same one are counted together. */
  readonly key: string;
  readonly max: number;
  readonly windowMs: number;
  readonly per: "caller" | "address";
  readonly exempt: readonly string[];
}

/** A part of a request that names an entity. */
export interface EntityRef {
  readonly of: "params" | "query" | "caller";
  readonly name: string;
  readonly domain: string;
  /** Of the answer when it is not there. */
  readonly missing: string | undefined;
}

/** What a reply is for. */
export type ReplyFor =
  | { readonly event: string }
  /** Undefined: any state. Null: no entity. */
  | { readonly states: readonly (string | null)[] | undefined }
  | { readonly refusal: string }
  | { readonly deadLetter: true };

export interface ReplySpec {
  readonly fits: ReplyFor;
  readonly status: number | undefined;
  readonly view: ViewFunction | undefined;
}

export interface MessageCall {
  readonly kind: "message";
  readonly message: string;
  readonly payload: RequestFunction | undefined;
  readonly exists: EntityRef | undefined;
  readonly loads: readonly (EntityRef & { readonly as: string; readonly view: ViewFunction })[];
  /** Whether the request has to say which state of the entity it has seen. */
  readonly ifMatch: boolean;
  readonly wait: "none" | { readonly until: readonly string[]; readonly timeoutMs: number };
  readonly replies: readonly ReplySpec[];
}

export interface EntityCall {
  readonly kind: "entity";
  readonly entity: EntityRef;
  readonly view: ViewFunction;
  readonly etag: boolean;
  /** Also to a node, which else gets its own entity. */
  readonly allEntities: boolean;
}

/** A list of a projection's rows. */
export interface ListCall {
  readonly kind: "projection";
  readonly projection: string;
  readonly view: RowView | undefined;
  /** Query parameter -> what it says of a column. */
  readonly filters: ReadonlyMap<string, { readonly column: string; readonly test: RowTest }>;
  readonly where: RowsQuery["where"];
  /** Rows that are left out, unless the query parameter is `true`. */
  readonly hide: { readonly parameter: string; readonly where: RowsQuery["where"] } | undefined;
  /** Also to a node, which else gets rows of its own entities. */
  readonly allEntities: boolean;
  readonly sort: {
    readonly by: readonly string[];
    /** Undefined: the key alone. */
    readonly column: string | undefined;
    readonly descending: boolean;
    readonly names: { readonly by: string; readonly order: string };
  };
  readonly page: PageSpec | undefined;
  readonly total: boolean;
  readonly shape: ShapeFunction | undefined;
}

export interface PageSpec {
  readonly style: "offset" | "page" | "cursor";
  readonly names: { readonly page: string; readonly size: string };
  /** Undefined: all rows. */
  readonly size: number | undefined;
  readonly sizeMax: number;
}

export interface FunctionCall {
  readonly kind: "call";
  /** Whether it is given what it can have the host do. */
  readonly acts: boolean;
  /** One with an empty media type is for every Accept. */
  readonly functions: readonly { readonly mediaType: string; readonly run: CallFunction }[];
}

/** Rows that a stream begins with. */
export interface BeginsWith {
  readonly projection: string;
  readonly domain: string;
  readonly view: RowView;
  /** The query parameter that asks for them; undefined: nothing has to. */
  readonly parameter: string | undefined;
}

export interface FollowsCall {
  readonly kind: "follows";
  readonly domains: readonly string[];
  /** Undefined: of all. */
  readonly entity: EntityRef | undefined;
  /** Of the entity; else the next one. */
  readonly fromFirst: boolean;
  readonly beginsWith: BeginsWith | undefined;
  /** Undefined: every type. */
  readonly types: readonly string[] | undefined;
  /** Query parameter -> fields of the event, of which one has to be equal. */
  readonly select: ReadonlyMap<string, readonly string[]>;
  /** Also to a node, which else hears of its own entities. */
  readonly allEntities: boolean;
}

/** Makes a link that opens calls of one entity for some time. */
export interface ShareCall {
  readonly kind: "share";
  readonly entity: EntityRef;
  /** The link's address is that of the first. */
  readonly opens: readonly {
    readonly operation: string;
    readonly segments: readonly Segment[];
    /** The query parameter that the link is sent in. */
    readonly parameter: string;
  }[];
  /** Where the request does not say. */
  readonly expiresInMs: number;
  readonly atMostMs: number;
}

/** Calls that no contract names: what became of a message, where messages are taken, and what a port serves. */
interface BuiltInCall {
  readonly kind: "message_status" | "open_api";
}

/** Something that may be asked of a gateway. */
export interface CallSpec {
  readonly operation: string;
  readonly summary: string | undefined;
  readonly gateway: string;
  /** Whose gateway it is. */
  readonly owner: string;
  /** Whose message or entity it is. */
  readonly domain: string;
  readonly method: string;
  readonly segments: readonly Segment[];
  /** `/v1/parcels/{parcel_id}` */
  readonly path: string;
  readonly access: CallAccess;
  /** The query parameter that a link is sent in, which opens it; undefined: none does. */
  readonly linkParameter: string | undefined;
  /** `none`: the contract says so; undefined: it says nothing. */
  readonly limit: LimitSpec | "none" | undefined;
  readonly does: MessageCall | EntityCall | ListCall | FunctionCall | FollowsCall | ShareCall | BuiltInCall;
}

/** A gateway's contract with the functions that it names. */
export interface GatewaySpec {
  readonly name: string;
  readonly description: string;
  readonly domain: string;
  readonly basePath: string;
  readonly listener: {
    readonly name: string;
    readonly port: number;
    readonly origins: readonly string[];
    /** Undefined: all addresses may use it. */
    readonly networks: readonly string[] | undefined;
  };
  readonly errors: ErrorsFunction | undefined;
  readonly calls: readonly CallSpec[];
}
