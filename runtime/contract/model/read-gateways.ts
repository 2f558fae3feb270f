import type { DomainCode } from "../../core/domain.ts";
import type { GatewayCode } from "../../core/gateway-code.ts";
import { parseRequestRef, parseRoute, type RoutePattern } from "../language/route-pattern.ts";
import { type GatewayCallRow, type GatewayContract, LINK_DEFAULTS, type ReplyRow } from "../language/schema-gateway.ts";
import { readList, type ListModel } from "./read-lists.ts";
import { childRef, itemsWithRefs, type LoadedContract, type SourceRef, sourceRef } from "../reading/contract-source.ts";
import type { NameRef, TextRef } from "./model-parts.ts";
import type { NameLookup, NameResolver } from "./name-resolver.ts";

/** A reply of a command; what it names of the domain is looked up where that domain's model is. */
export interface ReplyModel {
  readonly at: SourceRef;
  readonly row: ReplyRow;
  readonly event?: TextRef;
  /** Undefined: the reply is for no state. */
  readonly states?: readonly { readonly state: string | null; readonly at: SourceRef }[];
  readonly refusal?: TextRef;
  readonly view?: NameRef;
}

/** A part of a request that names an entity, and whose it is. */
export interface EntityRefModel {
  readonly ref: TextRef;
  readonly domain: TextRef;
  readonly missing?: string;
}

export interface CallModel {
  readonly at: SourceRef;
  readonly row: GatewayCallRow;
  readonly operation: TextRef;
  readonly access: NonNullable<GatewayCallRow["access"]>;
  readonly rateLimit: GatewayCallRow["rate_limit"];
  /** What it shares its limit with: calls that have none of their own share the gateway's. */
  readonly limitKey: string;
  readonly route: RoutePattern;
  readonly routeAt: SourceRef;
  /** Whose message or entity it is. */
  readonly domain: TextRef;
  readonly message?: TextRef;
  readonly payload?: NameRef;
  readonly exists?: EntityRefModel;
  readonly loads: readonly (EntityRefModel & { readonly name: string; readonly view: NameRef })[];
  /** Events that end the waiting; none: the message's own turn does. */
  readonly until: readonly TextRef[];
  readonly replies: readonly ReplyModel[];
  /** Of an entity that is shown. */
  readonly entity?: EntityRefModel;
  readonly view?: NameRef;
  readonly list?: ListModel;
  /** By media type; one without is under an empty text. */
  readonly functions: readonly { readonly mediaType: string; readonly run: NameRef }[];
  /** Whose events are followed; none: it follows nothing. */
  readonly followed: readonly TextRef[];
  /** The one of which events are followed. */
  readonly followedEntity?: EntityRefModel;
  readonly types: readonly TextRef[];
  /** Query parameters that narrow what is followed, with the fields of events that may be equal. */
  readonly selected: readonly { readonly parameter: string; readonly fields: readonly TextRef[] }[];
  readonly beginsWith?: BeginsWithModel;
  /** The query parameter that a link is sent in; undefined: none opens it. */
  readonly linkParameter?: TextRef;
  readonly share?: ShareModel;
}

/** Rows that a stream begins with; the projection is looked up where its domain's model is. */
export interface BeginsWithModel {
  readonly projection: TextRef;
  readonly domain: TextRef;
  readonly view: NameRef;
  /** The query parameter that asks for them; undefined: nothing has to. */
  readonly parameter?: TextRef;
}

/** A link that a call makes. */
export interface ShareModel {
  readonly entity: EntityRefModel;
  /** Operations of the same gateway. */
  readonly opens: readonly TextRef[];
  readonly expiresIn: string;
  readonly atMost: string;
}

export interface GatewayModel {
  readonly at: SourceRef;
  readonly name: TextRef;
  readonly description: string;
  readonly listener: GatewayContract["listener"];
  readonly basePath: string;
  readonly errors?: NameRef;
  /** Where it says that links open its calls. */
  readonly identity?: SourceRef;
  readonly calls: readonly CallModel[];
}

export type Named = (kind: keyof typeof KINDS, text: string, at: SourceRef) => NameRef;
const KINDS = {
  requests: "request function",
  views: "view",
  errors: "errors function",
  calls: "call function",
  rowViews: "row view",
  shapes: "shape",
} as const;

export const readGateways = (
  sources: readonly LoadedContract<GatewayContract>[],
  code: DomainCode,
  names: NameResolver,
): readonly GatewayModel[] => sources.map((source) => readGateway(source, namedIn(code, names)));

const namedIn =
  (code: GatewayCode, names: NameResolver): Named =>
  (kind, text, at) => {
    const lookup: NameLookup = { kind: KINDS[kind], candidates: Object.keys(code[kind] ?? {}), where: "in code" };
    return names.resolve(text, at, lookup);
  };

function readGateway(source: LoadedContract<GatewayContract>, named: Named): GatewayModel {
  const { contract } = source;
  return {
    ...{ at: sourceRef(source), listener: contract.listener, basePath: contract.base_path ?? "" },
    description: contract.description ?? "",
    name: { text: contract.name, at: sourceRef(source, "name") },
    ...(contract.identity && { identity: sourceRef(source, "identity") }),
    ...(contract.errors !== undefined && { errors: named("errors", contract.errors, sourceRef(source, "errors")) }),
    calls: contract.calls.map((row, index) => readCall(contract, row, sourceRef(source, "calls", index), named)),
  };
}

function readCall(contract: GatewayContract, row: GatewayCallRow, at: SourceRef, named: Named): CallModel {
  const text = (value: string, ...path: readonly (string | number)[]): TextRef => ({
    text: value,
    at: childRef(at, ...path),
  });
  const { message, payload, entity, view, missing, exists, load = {}, follows } = row;
  const domain = text(row.domain ?? contract.domain, "domain");
  const refIn = (given: NonNullable<GatewayCallRow["exists"]>, ...path: readonly string[]): EntityRefModel => ({
    ref: text(given.id, ...path, "id"),
    domain: given.domain === undefined ? domain : text(given.domain, ...path, "domain"),
    ...(given.missing !== undefined && { missing: given.missing }),
  });
  const until = typeof row.wait === "object" ? (row.wait.until ?? []) : [];
  const domains = follows?.domains ?? (follows ? [contract.domain] : []);
  return {
    ...{ at, row, domain, operation: text(row.operation, "operation") },
    // Where it is missing in both, the file is refused.
    access: row.access ?? contract.access ?? [],
    rateLimit: row.rate_limit ?? contract.rate_limit,
    limitKey: row.rate_limit === undefined ? contract.name : row.operation,
    ...{ route: parseRoute(row.route, contract.base_path), routeAt: childRef(at, "route") },
    ...(message !== undefined && { message: text(message, "message") }),
    ...(payload !== undefined && { payload: named("requests", payload, childRef(at, "payload")) }),
    ...(exists && { exists: refIn(exists, "exists") }),
    loads: Object.entries(load).map(([name, each]) => ({
      ...refIn(each, "load", name),
      ...{ name, view: named("views", each.view, childRef(at, "load", name, "view")) },
    })),
    until: until.map((event, index) => text(event, "wait", "until", index)),
    replies: (row.replies ?? []).map((reply, index) => readReply(reply, childRef(at, "replies", index), named)),
    ...(entity !== undefined && {
      entity: { ref: text(entity, "entity"), domain, ...(missing !== undefined && { missing }) },
    }),
    ...(row.projection !== undefined
      ? { list: readList(row, row.projection, at, named) }
      : view !== undefined && { view: named("views", view, childRef(at, "view")) }),
    functions: readFunctions(row.call, at, named),
    followed: domains.map((name, index) =>
      text(name, ...(follows?.domains ? ["follows", "domains", index] : ["follows"])),
    ),
    types: (follows?.types ?? []).map((type, index) => text(type, "follows", "types", index)),
    ...readLinks(contract, row, at, domain),
    ...readBeginning(contract, row, at, named),
    ...(follows?.entity !== undefined && {
      followedEntity: {
        ref: text(follows.entity, "follows", "entity"),
        domain: text(domains[0] ?? contract.domain, "follows", ...(follows.domains ? ["domains", 0] : [])),
        ...(missing !== undefined && { missing }),
      },
    }),
    selected: Object.entries(follows?.select ?? {}).map(([parameter, field]) => ({
      parameter,
      fields: itemsWithRefs(field, childRef(at, "follows", "select", parameter)).map(({ item, at: fieldAt }) => ({
        text: item,
        at: fieldAt,
      })),
    })),
  };
}

function readBeginning(
  contract: GatewayContract,
  { follows }: GatewayCallRow,
  at: SourceRef,
  named: Named,
): Pick<CallModel, "beginsWith"> {
  const begins = follows?.begins_with;
  if (!begins) return {};
  const { projection, domain = contract.domain, view, if: parameter } = begins;
  const placeOf = (key: keyof typeof begins): SourceRef =>
    childRef(at, "follows", "begins_with", ...(begins[key] === undefined ? [] : [key]));
  return {
    beginsWith: {
      projection: { text: projection, at: placeOf("projection") },
      domain: { text: domain, at: placeOf("domain") },
      view: named("rowViews", view, placeOf("view")),
      ...(parameter !== undefined && { parameter: { text: parameter, at: placeOf("if") } }),
    },
  };
}

/** The call makes links, or is opened by them: what the gateway says goes for its calls of one entity. */
function readLinks(
  contract: GatewayContract,
  row: GatewayCallRow,
  at: SourceRef,
  domain: TextRef,
): Pick<CallModel, "linkParameter" | "share"> {
  const { share, missing, entity, follows, identity } = row;
  const ref = entity ?? follows?.entity;
  const isInPath = ref !== undefined && parseRequestRef(ref).of === "params";
  const parameter = identity?.share ?? (isInPath ? contract.identity?.share : undefined);
  return {
    ...(parameter !== undefined && {
      linkParameter: {
        text: parseRequestRef(parameter).name,
        at: identity ? childRef(at, "identity", "share") : childRef(at, "route"),
      },
    }),
    ...(share && {
      share: {
        entity: {
          ...{ ref: { text: share.entity, at: childRef(at, "share", "entity") }, domain },
          ...(missing !== undefined && { missing }),
        },
        opens: share.opens.map((text, index) => ({ text, at: childRef(at, "share", "opens", index) })),
        expiresIn: share.expires_in ?? LINK_DEFAULTS.expires_in,
        atMost: share.at_most ?? LINK_DEFAULTS.at_most,
      },
    }),
  };
}

function readReply(row: ReplyRow, at: SourceRef, named: Named): ReplyModel {
  const { event, state, refusal, view } = row;
  return {
    ...{ at, row },
    ...(event !== undefined && { event: { text: event, at: childRef(at, "event") } }),
    ...(state !== undefined && {
      states: itemsWithRefs(state, childRef(at, "state")).map(({ item, at: stateAt }) => ({
        state: item,
        at: stateAt,
      })),
    }),
    ...(refusal !== undefined && { refusal: { text: refusal, at: childRef(at, "refusal") } }),
    ...(view !== undefined && { view: named("views", view, childRef(at, "view")) }),
  };
}

function readFunctions(row: GatewayCallRow["call"], at: SourceRef, named: Named): CallModel["functions"] {
  if (row === undefined) return [];
  const byType: readonly (readonly [string, string])[] = typeof row === "string" ? [["", row]] : Object.entries(row);
  return byType.map(([mediaType, name]) => {
    const path = mediaType === "" ? ["call"] : ["call", mediaType];
    return { mediaType, run: named("calls", name, childRef(at, ...path)) };
  });
}
