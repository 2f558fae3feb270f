import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { durationMs } from "../../../runtime/contract/language/schema-parts.ts";
import { NOBODY } from "../../../runtime/core/door.ts";
import type { CallSpec, EntityRef, ShareCall } from "../../../runtime/core/gateway.ts";
import { linkKeyId, openLink, sealLink } from "../../../runtime/core/share-link.ts";
import { toRfc3339 } from "../../../runtime/core/time.ts";
import { assertMayActFor, type Caller } from "../server/access.ts";
import { invalidRequest, Problem } from "../server/problem.ts";
import { type GatewayContext, routedOf } from "./gateway-context.ts";
import { namedInQuery, readRequest, requireRef } from "./read-request.ts";

export const LinkBody = z.strictObject({ expires_in: z.string().optional() });
export const Link = z.object({ url: z.string(), expires_at: z.iso.datetime() });

const LEAST_MS = 1_000;

/** Makes a link that opens what the contract says, of one entity, for some time. */
export async function makeLink(
  context: GatewayContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { entity: ref, opens, ...times }: ShareCall,
): Promise<FastifyReply> {
  const { system } = context.domain(ref.domain);
  const given = readRequest(request, { body: LinkBody }, namedInQuery(ref));
  const openMs = openFor(given.body["expires_in"], times);
  const entity = await requireRef(system, ref, given);
  assertMayActFor(request.caller, entity.id);
  const expiresAtMs = context.clock.wallMs() + openMs;
  const operations = opens.map(({ operation }) => operation);
  const link = { domain: ref.domain, entityId: entity.id, operations, expiresAtMs };
  const text = sealLink(await system.doorKeys.sealing(), link);
  const [first] = opens;
  const path = first?.segments.map((each) => ("literal" in each ? each.literal : encodeURIComponent(entity.id)));
  const url = context.link(`/${path?.join("/") ?? ""}?${first?.parameter ?? ""}=${text}`);
  const body = { url, expires_at: toRfc3339(expiresAtMs) } satisfies z.input<typeof Link>;
  return reply.code(201).type("application/json").send(JSON.stringify(body));
}

function openFor(asked: unknown, { expiresInMs, atMostMs }: Pick<ShareCall, "expiresInMs" | "atMostMs">): number {
  if (asked === undefined) return expiresInMs;
  const ms = durationMs(asked as string);
  if (ms !== undefined && ms >= LEAST_MS && ms <= atMostMs) return ms;
  const detail = `a duration such as 1h, from 1s to ${atMostMs / LEAST_MS}s`;
  throw invalidRequest([{ detail, pointer: "/expires_in" }]);
}

/**
 * Who has sent a link is whoever the link says, and nobody besides: also with a token, and where there are none. The
 * link is taken out of the request, so that nobody else is given it.
 * @throws Problem unauthenticated for a link that does not open this call, of this entity, now; Fault of the store
 */
export async function takeLink(context: GatewayContext, request: FastifyRequest): Promise<void> {
  const { call, params } = routedOf(request);
  const { linkParameter } = call;
  const query = request.query as Readonly<Record<string, unknown>>;
  if (linkParameter === undefined || !Object.hasOwn(query, linkParameter)) return;
  const { [linkParameter]: text, ...others } = query;
  request.query = others;
  const ref = entityOf(call);
  const caller =
    ref &&
    (await openedBy(context, text, { domain: ref.domain, entityId: params[ref.name], operation: call.operation }));
  if (!caller)
    throw new Problem("unauthenticated", "the link does not open this, or has expired: ask for another one", {
      code: "LINK_INVALID",
    });
  request.caller = caller;
}

interface Opened {
  readonly domain: string;
  readonly entityId: string | undefined;
  readonly operation: string;
}

async function openedBy(context: GatewayContext, text: unknown, opened: Opened): Promise<Caller | undefined> {
  const keyId = typeof text === "string" ? linkKeyId(text) : undefined;
  // Sent twice it is a list, of which nobody knows which one counts.
  if (typeof text !== "string" || keyId === undefined) return undefined;
  const { doorKeys } = context.domain(opened.domain).system;
  await doorKeys.prepare([keyId]);
  const link = openLink(doorKeys.known, text);
  if (!link) return undefined;
  const { domain, entityId, operations, expiresAtMs } = link;
  const isOpen = (): boolean => context.clock.wallMs() < expiresAtMs;
  const isOfThis =
    domain === opened.domain && entityId === opened.entityId && operations.includes(opened.operation) && isOpen();
  if (!isOfThis) return undefined;
  return {
    ...{ identity: `link of ${entityId}`, role: undefined, link, door: NOBODY, isKnown: isOpen },
    ...{ actsFor: entityId, mayActFor: (id) => id === entityId },
  };
}

/** The one entity that a call shows or follows. */
function entityOf({ does }: CallSpec): EntityRef | undefined {
  if (does.kind === "entity" || does.kind === "follows") return does.entity;
  return undefined;
}
