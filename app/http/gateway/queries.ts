import type { FastifyReply, FastifyRequest } from "fastify";
import { type Answer, isAnswer, type ReadAccess, type ShownEntity } from "../../../runtime/core/gateway-code.ts";
import type { EntityCall, FunctionCall } from "../../../runtime/core/gateway.ts";
import { isEntityId } from "../../../runtime/core/ids.ts";
import type { Json } from "../../../runtime/core/message.ts";
import { entityTag } from "../../../runtime/gateway/entity-tag.ts";
import { findEntities, readEntity } from "../../../runtime/stored/entities.ts";
import { shown } from "../../../runtime/gateway/shown-entity.ts";
import { blockers } from "../../host/troubles/trouble.ts";
import { VERSION } from "../../version.ts";
import { readMessageStatus } from "../entities/message-status.ts";
import { assertMayActFor } from "../server/access.ts";
import { Problem } from "../server/problem.ts";
import { acceptedType } from "./accepted-type.ts";
import { type GatewayContext, routedOf } from "./gateway-context.ts";
import { hostActs } from "./host-acts.ts";
import { isNothing, missing, namedInQuery, readRequest, requireRef } from "./read-request.ts";

const PAGE = { limit: 100, limitMax: 1_000 } as const;
const NONE: ReadonlySet<string> = new Set();

/** Shows one entity. */
export async function showEntity(
  context: GatewayContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { entity: ref, view, etag, allEntities }: EntityCall,
): Promise<FastifyReply> {
  const { system } = context.domain(ref.domain);
  const given = readRequest(request, undefined, namedInQuery(ref));
  const entity = await requireRef(system, ref, given);
  if (!allEntities) assertMayActFor(request.caller, entity.id);
  const now = context.clock.wallMs();
  const body = view(entity, { event: undefined, caller: given.caller, now });
  if (isNothing(body)) throw await missing(system, ref, entity.id);
  if (etag) {
    const tag = entityTag(entity.seq);
    void reply.header("etag", tag);
    if (hasTag(request.headers["if-none-match"], tag)) return reply.code(304).send();
  }
  return reply.type("application/json").send(JSON.stringify(body));
}

/** A list of tags, weak ones too: for reading the two are the same. */
const hasTag = (header: string | undefined, tag: string): boolean =>
  header?.split(",").some((each) => ["*", tag].includes(each.trim().replace(/^W\//, ""))) ?? false;

/** Calls a function of the contract's code, which reads; with `acts: true` it may have the host do something. */
export async function callFunction(
  context: GatewayContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { functions, acts }: FunctionCall,
): Promise<FastifyReply> {
  const offered = functions.map(({ mediaType }) => mediaType);
  const mediaType = acceptedType(request.headers.accept, offered);
  const chosen = functions.find((each) => each.mediaType === mediaType);
  if (!chosen) throw new Problem("not-acceptable", `here are ${offered.join(", ")}`);
  if (functions.length > 1) void reply.header("vary", "accept");
  const given = readRequest(request, chosen.run, NONE);
  const access = await readAccess(context, request);
  const { system } = context.domain(routedOf(request).call.owner);
  const host = acts ? hostActs(context, system, request.caller, reply) : undefined;
  const result = await chosen.run({ ...access, host }, given);
  return sendResult(reply, isAnswer(result) ? result : { body: result }, mediaType ?? "");
}

function sendResult(
  reply: FastifyReply,
  { body, status = 200, headers = {} }: Pick<Answer, "body" | "status" | "headers">,
  mediaType: string,
): FastifyReply {
  const isText = typeof body === "string" && mediaType !== "application/json";
  const type = mediaType === "" ? (isText ? "text/plain" : "application/json") : mediaType;
  return reply
    .code(status)
    .type(type.startsWith("text/") ? `${type}; charset=utf-8` : type)
    .headers(headers)
    .send(isText ? body : JSON.stringify(body satisfies Json));
}

/** What functions may use that only read. */
export async function readAccess(context: GatewayContext, request: FastifyRequest): Promise<ReadAccess> {
  const { owner } = routedOf(request).call;
  const { system: own } = context.domain(owner);
  const blocking = blockers(await context.troubles.list(), owner);
  return {
    now: context.clock.wallMs(),
    ...{ backends: own.access.backends, config: own.access.config },
    process: { version: VERSION, uptimeSeconds: Math.floor(process.uptime()), isReady: blocking.length === 0 },
    async entity(id, domain = owner): Promise<ShownEntity | undefined> {
      const { system } = context.domain(domain);
      const entity = !isEntityId(id) ? undefined : await readEntity(system.store, system.name, id);
      return entity && entity.state !== null ? shown(system.domain, entity, entity.lastSeenMs) : undefined;
    },
    async entities({ after = "", limit = PAGE.limit, domain = owner } = {}) {
      const { system } = context.domain(domain);
      const page = { after, limit: Math.min(Math.max(1, limit), PAGE.limitMax) };
      const found = await findEntities(system.store, system.name, { hasState: true }, page);
      return found.map((entity) => shown(system.domain, entity, entity.lastSeenMs));
    },
    async counts(domain = owner) {
      const { orchestrator } = await context.domain(domain).counts.byState();
      return new Map(Object.entries(orchestrator));
    },
  };
}

/** Tells what became of a message that was taken here. */
export async function showMessageStatus(
  context: GatewayContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { call, params } = routedOf(request);
  const { entity_id: entityId = "", message_id: messageId = "" } = params;
  assertMayActFor(request.caller, entityId);
  const status = await readMessageStatus(context.domain(call.domain).system, entityId, messageId);
  return reply.type("application/json").send(JSON.stringify(status));
}
