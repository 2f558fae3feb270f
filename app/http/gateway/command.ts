import { hash } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { v7 } from "uuid";
import type { ConsumedTopic } from "../../../runtime/core/domain.ts";
import type { CommandRequest, RequestFunction } from "../../../runtime/core/gateway-code.ts";
import type { CallSpec, MessageCall } from "../../../runtime/core/gateway.ts";
import type { Door } from "../../../runtime/core/door.ts";
import { LOADED_BYTES_MAX } from "../../../runtime/core/door-seal.ts";
import { derivedId, ENTITY_ID_LENGTH, isEntityId } from "../../../runtime/core/ids.ts";
import { isObject } from "../../../runtime/core/incoming-json.ts";
import type { Json, Payload } from "../../../runtime/core/message.ts";
import { utcDayOf } from "../../../runtime/core/time.ts";
import { mayStayUnwritten } from "../../../runtime/gateway/declined-unwritten.ts";
import { readIfMatch } from "../../../runtime/gateway/entity-tag.ts";
import { findSent, payloadByName } from "../../../runtime/gateway/payload.ts";
import { readEntity } from "../../../runtime/stored/entities.ts";
import { claimKey } from "../../../runtime/stored/seen.ts";
import type { System } from "../../host/compose.ts";
import { messageTo, sealed } from "../../host/outgoing-message.ts";
import { isPurged } from "../../../runtime/core/entity.ts";
import { messagePath } from "../entities/message-status.ts";
import { assertMayActFor } from "../server/access.ts";
import { invalidRequest, notFound, Problem } from "../server/problem.ts";
import { answerCommand, type Command } from "./command-answer.ts";
import { type GatewayContext, routedOf } from "./gateway-context.ts";
import { isNothing, namedInQuery, readRequest, requireRef } from "./read-request.ts";

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;
const IDS_MAX = 1_000;

/** Publishes the message that a request stands for, and answers with what became of it. */
export async function runCommand(
  context: GatewayContext,
  request: FastifyRequest,
  reply: FastifyReply,
  does: MessageCall,
): Promise<FastifyReply> {
  const { call } = routedOf(request);
  const { system, publisher } = context.domain(call.domain);
  const consumed = consumedBy(system, does);
  const key = idempotencyKeyOf(request);
  const messageId = key === undefined ? v7() : derivedId("gateway", request.caller.door.id, call.operation, key);
  const given = await commandRequest(context, request, does, messageId, consumed);
  const payload = makePayload(system, does.payload, given, consumed);
  const sentId = payload[system.domain.entityIdField] ?? undefined;
  if (sentId !== undefined && !isEntityId(String(sentId))) throw noId(system, given, payload);
  const made = messageOf(system, consumed, payload, messageId, request.headers["traceparent"]);
  const { entityId, message } = made;
  assertMayActFor(request.caller, entityId);
  const door: Door = {
    ...{ caller: request.caller.door, loaded: given.loaded, operation: call.operation },
    ...(does.ifMatch && { if_match: await seqThatIsSeen(system, request, entityId) }),
  };
  if (key !== undefined) await claim(context, system, call, request, key, payload);
  const command: Command = {
    ...{ call, does, system, messageId, entityId, message: { ...message, door } },
    location: context.link(messagePath(system.name, entityId, messageId)),
    publish: async () => {
      const place = await publisher.publish(await sealed(system, made, door));
      return mayStayUnwritten(system.domain, command.message) ? place : undefined;
    },
  };
  return answerCommand(context, command, request, reply);
}

function consumedBy({ domain, runtime }: System, { message }: MessageCall): ConsumedTopic {
  const consumed = domain.consumed.find(({ type }) => type === message);
  if (runtime.status().partitions > 0 && consumed) return consumed;
  throw new Problem("unavailable", `${domain.name} does not take ${message} at present`, { retryAfterSeconds: 1 });
}

function idempotencyKeyOf({ headers }: FastifyRequest): string | undefined {
  const key = headers["idempotency-key"];
  if (key === undefined) return undefined;
  if (typeof key === "string" && IDEMPOTENCY_KEY.test(key)) return key;
  throw invalidRequest([{ parameter: "Idempotency-Key", detail: "1 to 255 visible characters of ASCII" }]);
}

/** The request with what it loads. @throws Problem not-found for an entity that has to be there */
async function commandRequest(
  context: GatewayContext,
  request: FastifyRequest,
  { payload, exists, loads }: MessageCall,
  messageId: string,
  { message }: ConsumedTopic,
): Promise<CommandRequest> {
  // By name a parameter may stand for any field of the message.
  const fields = payload ? [] : Object.keys(message.shape);
  const named = new Set([...namedInQuery(exists, ...loads), ...fields]);
  const given = readRequest(request, payload, named);
  if (exists) await requireRef(context.domain(exists.domain).system, exists, given);
  const now = context.clock.wallMs();
  const loaded: Record<string, Json> = {};
  for (const load of loads) {
    const entity = await requireRef(context.domain(load.domain).system, load, given);
    const view = load.view(entity, { event: undefined, caller: given.caller, now });
    if (isNothing(view)) throw notFound(`no entity ${entity.id} is known`);
    loaded[load.as] = view;
  }
  if (Buffer.byteLength(JSON.stringify(loaded)) > LOADED_BYTES_MAX)
    throw new Problem("too-large", "what is loaded for the message has more than 16 KiB");
  let ids = 0;
  const newId = (): string => {
    if (++ids > IDS_MAX) throw new Error(`a payload has at most ${IDS_MAX} new ids`);
    return derivedId("gateway id", messageId, ids);
  };
  return { ...given, loaded, newId };
}

/** @throws Problem invalid-request with where each wrong part was sent; not-found for an id in the path that is none */
function makePayload(
  { domain }: System,
  make: RequestFunction | undefined,
  given: CommandRequest,
  { message, type }: ConsumedTopic,
): Payload {
  const payload = make ? make(given) : payloadByName(given, new Set(Object.keys(message.shape)));
  if (!isObject(payload)) throw new Error(`the payload of ${type} is no object`);
  const issues = message.schema.safeParse(payload).error?.issues ?? [];
  const errors = issues.slice(0, 100).map(({ path, message: detail }) => {
    const sentAt = findSent(given, payload, path);
    const isId = path.length === 1 && path[0] === domain.entityIdField;
    if (isId && sentAt && "parameter" in sentAt && Object.hasOwn(given.params, sentAt.parameter))
      throw notFound(`${JSON.stringify(given.params[sentAt.parameter])} is no id: ${detail}`);
    return sentAt ? { detail, ...sentAt } : { detail: `${path.map(String).join(".")}: ${detail}` };
  });
  if (errors.length > 0) throw invalidRequest(errors, "INVALID_PAYLOAD");
  return payload as Payload;
}

/** Such an entity could be shown nowhere. */
function noId({ domain }: System, given: CommandRequest, payload: Payload): Problem {
  const detail = `an id has ${ENTITY_ID_LENGTH}`;
  const sentAt = findSent(given, payload, [domain.entityIdField]);
  if (sentAt && "parameter" in sentAt && Object.hasOwn(given.params, sentAt.parameter)) return notFound(detail);
  return invalidRequest([{ detail, ...sentAt }], "INVALID_PAYLOAD");
}

function messageOf(
  { domain, runtime }: System,
  consumed: ConsumedTopic,
  payload: Payload,
  messageId: string,
  traceparent: unknown,
): ReturnType<typeof messageTo> {
  const headers = {
    ...{ "content-type": "application/json", message_id: messageId, source: "http" },
    ...(typeof traceparent === "string" && { traceparent }),
  };
  const envelope = { envelope_id: messageId, payload_type: consumed.type, payload };
  return messageTo(domain, consumed, runtime.status(), envelope, headers);
}

/**
 * What the caller has seen of the entity; undefined: only that it is there (`*`), which is looked up.
 * @throws Problem precondition-required, invalid-request, precondition-failed
 */
async function seqThatIsSeen(system: System, { headers }: FastifyRequest, id: string): Promise<number | undefined> {
  const header = headers["if-match"];
  if (header === undefined)
    throw new Problem("precondition-required", "send If-Match with the ETag of what is to be changed");
  const seen = readIfMatch(header);
  if (seen === undefined)
    throw invalidRequest([{ parameter: "If-Match", detail: 'one strong ETag as it was given, such as "7", or *' }]);
  if (seen !== "*") return seen;
  const entity = await readEntity(system.store, system.name, id);
  if (entity && !isPurged(entity)) return undefined;
  throw new Problem("precondition-failed", "there is nothing that could match", { code: "SEQ_CHANGED" });
}

/** @throws Problem key-reused */
async function claim(
  { clock }: GatewayContext,
  { store }: System,
  { operation }: CallSpec,
  { caller, body, url, headers }: FastifyRequest,
  key: string,
  payload: Payload,
): Promise<void> {
  const digest = hash("sha256", JSON.stringify([url, headers["if-match"] ?? null, body ?? null, payload]));
  const parts = [caller.door.id, operation, key];
  if (await claimKey(store, parts, digest, utcDayOf(clock.wallMs()))) return;
  throw new Problem(
    "key-reused",
    "the Idempotency-Key stands for another request: send this one with a key of its own",
    {
      errors: [{ parameter: "Idempotency-Key", detail: "used for a request with another path, If-Match or body" }],
    },
  );
}
