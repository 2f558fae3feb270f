import { z } from "zod";
import { common, kind } from "./schema-common.ts";
import { Filters, Hide, Page, Sort, Where } from "./schema-lists.ts";
import {
  AccessWord,
  CodeName,
  EventName,
  FaultCode,
  FieldName,
  LinkDuration,
  LinkRef,
  listOf,
  LowerCaseName,
  MediaType,
  Network,
  nonEmptyListOf,
  oneOrMoreStates,
  OperationName,
  PathPrefix,
  RequestRef,
  RoutePattern,
  ShortDuration,
  SnakeName,
  StateName,
  WebOrigin,
} from "./schema-parts.ts";

/** What a call gets where neither it nor its gateway says otherwise. */
export const GATEWAY_DEFAULTS = { timeout: "10s", per: "caller" } as const;
export const LINK_DEFAULTS = { expires_in: "1h", at_most: "30d" } as const;

const Identity = z.strictObject({
  share: LinkRef.describe("The query parameter in which a link is sent that `share` has made: query.share."),
});

const Share = z.strictObject({
  entity: RequestRef.describe("The one entity that the link is for: params.x, query.x or caller.id."),
  opens: nonEmptyListOf(OperationName).describe(
    "Calls of this gateway that it opens, of that entity alone; its address is that of the first.",
  ),
  expires_in: LinkDuration.optional().describe("For how long, where the request does not say. Default 1h."),
  at_most: LinkDuration.optional().describe("The longest time that may be asked for, up to 30d. Default 30d."),
});

const Access = z.union([z.literal("public"), nonEmptyListOf(AccessWord)]);

const RateLimit = z.union([
  z.literal("none"),
  z.strictObject({
    max: z.int().min(1).max(1_000_000).describe("So many requests in each window."),
    window: ShortDuration.describe("How long a window is, 1ms to 1d."),
    per: z.enum(["caller", "address"]).optional().describe("Who has a window of its own. Default caller."),
    exempt: listOf(AccessWord).optional().describe("Roles and permissions that are not limited."),
  }),
]);

const Listener = z.strictObject({
  name: SnakeName.describe("Gateways with the same name share the port."),
  port: z.int().min(1).max(65_535).describe("Where it listens; ROLLCALL_LISTENERS moves it."),
  origins: nonEmptyListOf(WebOrigin).optional().describe("Of other sites, whose pages may call. Default: of none."),
  networks: nonEmptyListOf(Network)
    .optional()
    .describe("Addresses that may use it, whoever asks: 10.0.0.0/8. Default: all that reach it."),
});

const Missing = FaultCode.describe("The code of the answer 404 when it is not there.");

const Exists = z.strictObject({
  id: RequestRef.describe("Which entity: params.x, query.x or caller.id."),
  domain: LowerCaseName.optional().describe("Whose entity. Default: the gateway's domain."),
  missing: Missing.optional(),
});

const Load = Exists.extend({
  view: CodeName.describe("The function of `views` that makes of the entity what is loaded, at most 16 KiB."),
});

const Wait = z.union([
  z.literal("none"),
  z.strictObject({
    until: nonEmptyListOf(EventName)
      .optional()
      .describe("Events that end it. Default: the turn that took the message."),
    timeout: ShortDuration.optional().describe("Then it is answered with 504: not known yet. Default 10s."),
  }),
]);

const Reply = z.strictObject({
  event: EventName.optional().describe("Fits when the message has led to this event."),
  state: oneOrMoreStates(z.union([z.null(), z.literal("*"), StateName]))
    .optional()
    .describe('Fits when it led to no event, in this state, in one of a list, or in any ("*").'),
  refusal: FaultCode.optional().describe("Fits when the contract declined it with this code."),
  dead_letter: z.literal(true).optional().describe("Fits when it can't be processed."),
  status: z.int().min(200).max(599).optional().describe("Default 200, without a view 204; of a refusal by its kind."),
  view: CodeName.optional().describe(
    "The function of `views` that makes the body. Without one from 400 on: a problem.",
  ),
});

const BeginsWith = z.strictObject({
  projection: SnakeName.describe("Whose rows are told first, as they were when the stream began."),
  domain: LowerCaseName.optional().describe(
    "Whose projection it is, of those followed. Default: the gateway's domain.",
  ),
  view: CodeName.describe("The function of `rowViews` that makes of a row what is told."),
  if: FieldName.optional().describe("The query parameter that asks for them: true or false. Default: they are told."),
});

const Follows = z.strictObject({
  entity: RequestRef.optional().describe("Only events of this entity: params.x, query.x or caller.id. Default: all."),
  from_first: z
    .literal(true)
    .optional()
    .describe("Without a cursor it begins with the first event of the entity, not with the next one."),
  domains: nonEmptyListOf(LowerCaseName).optional().describe("Whose events. Default: the gateway's domain."),
  types: nonEmptyListOf(EventName).optional().describe("Only events of these types. Default: every type."),
  begins_with: BeginsWith.optional().describe("Rows that are told before the events of a stream without a cursor."),
  select: z
    .record(FieldName, z.union([FieldName, nonEmptyListOf(FieldName)]))
    .optional()
    .describe(
      "Query parameters that narrow it, each with the field of the event that has to be equal, or a list: one.",
    ),
});

const Call = z.strictObject({
  operation: OperationName.describe("Unique in the process: its name in OpenAPI, metrics and log."),
  route: RoutePattern.describe("Method and path behind base_path: GET /parcels/{parcel_id}."),
  summary: z.string().max(500).optional().describe("What it does, for people: shown in OpenAPI."),
  access: Access.optional().describe("Who may call it: public, or roles and permissions. Default: the gateway's."),
  rate_limit: RateLimit.optional().describe("Its own limit, or none. Default: the gateway's, shared by its calls."),
  identity: Identity.optional().describe("Who may call it besides: whoever has a link. Default: the gateway's."),
  message: EventName.optional().describe("A consumed event, published when this is called."),
  domain: LowerCaseName.optional().describe("Whose message or entity it is. Default: the gateway's domain."),
  payload: CodeName.optional().describe("The function of `requests` that makes the payload. Default: by name."),
  exists: Exists.optional().describe("An entity that has to be there: else 404, and nothing is published."),
  load: z.record(FieldName, Load).optional().describe("Entities that are read for the payload's function, by name."),
  if_match: z
    .boolean()
    .optional()
    .describe(
      "The request says by If-Match which ETag of the entity it has seen: 428 without, 412 when it is another.",
    ),
  wait: Wait.optional().describe("What the answer waits for; none: it is 202 as soon as the message is published."),
  replies: nonEmptyListOf(Reply)
    .optional()
    .describe("What became of the message, and the answer; the first that fits."),
  entity: RequestRef.optional().describe("An entity to show, by its id: params.x, query.x or caller.id."),
  projection: SnakeName.optional().describe("A projection of the domain, whose rows are listed."),
  filters: Filters.optional(),
  where: Where.optional(),
  hide: Hide.optional(),
  all_entities: z
    .boolean()
    .optional()
    .describe("A node gets all entities, their rows or events too. Default: its own."),
  sort: Sort.optional().describe("What the rows are sorted by, and then by the key. Default: the key."),
  page: Page.optional().describe("Parts of the list that may be asked for. Default: it is one."),
  total: z.boolean().optional().describe("Counts all rows that fit, for the shape. Default true."),
  shape: CodeName.optional().describe("The function of `shapes` that puts the rows into a body. Default: an array."),
  view: CodeName.optional().describe(
    "The function of `views` that makes the body of an entity, or of `rowViews` that makes that of a row.",
  ),
  etag: z.boolean().optional().describe("The entity's seq is its ETag, and If-None-Match is answered with 304."),
  missing: Missing.optional(),
  call: z
    .union([CodeName, z.record(MediaType, CodeName)])
    .optional()
    .describe("A function of `calls`, or one by media type: the request's Accept chooses."),
  acts: z
    .literal(true)
    .optional()
    .describe("The function does something of the host, such as purging entities: with POST, PUT, PATCH or DELETE."),
  follows: Follows.optional().describe("Events as they come, as server-sent events."),
  share: Share.optional().describe("Makes a link that opens calls of one entity for some time."),
});

/** A front door of a domain: paths, who may use them, what they ask of it and how it is answered. */
export const GatewayContract = z.strictObject({
  ...common,
  node_type: kind("GATEWAY"),
  protocol: z.literal("http").optional().describe("http, the only value."),
  listener: Listener.describe("The port that it is served at."),
  base_path: PathPrefix.optional().describe("In front of all its paths: /api/v1. Default: nothing."),
  errors: CodeName.optional().describe("The function of `errors` that writes problems. Default RFC 9457."),
  access: Access.optional().describe("Who may use calls that don't say so themselves."),
  identity: Identity.optional().describe("Links that open its calls which show or follow one entity."),
  rate_limit: RateLimit.optional().describe("Of all calls that have none of their own, together. Default none."),
  calls: nonEmptyListOf(Call).describe("What may be asked."),
});

export type GatewayContract = z.infer<typeof GatewayContract>;
export type GatewayCallRow = z.infer<typeof Call>;
export type ReplyRow = z.infer<typeof Reply>;
