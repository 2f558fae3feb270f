import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { CallAccess, LimitSpec } from "../../../runtime/core/gateway.ts";
import type { Caller as DoorCaller } from "../../../runtime/core/door.ts";
import { readRequestPath } from "../../../runtime/gateway/request-path.ts";
import { forbidden, unauthenticated } from "../server/access.ts";
import { notFound, Problem } from "../server/problem.ts";
import type { GatewayContext } from "./gateway-context.ts";
import type { Served } from "./served-gateways.ts";

const CORS_MAX_AGE_SECONDS = "600";
const SENT_HEADERS =
  "authorization, content-type, idempotency-key, if-match, if-none-match, last-event-id, x-request-id";
const SHOWN_HEADERS =
  "etag, link, location, retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset, rollcall-older-rows, " +
  "x-request-id";

/** Finds the call of a request, first of all, and counts the request for its address. */
export function addRouting(http: FastifyInstance, context: GatewayContext, served: () => Served): void {
  http.addHook("onRequest", async (request, reply) => {
    const now = served();
    if (!now.admits(request.ip))
      throw new Problem(
        "foreign-network",
        `${request.ip} is in none of the networks that may use this port: see the gateway's listener.networks`,
      );
    const segments = readRequestPath(request.raw.url ?? "");
    if (!segments)
      throw new Problem(
        "invalid-request",
        "the path can be read in more than one way: send it without //, \\, and encoded / . \\",
      );
    allowOrigin(request, reply, now.origins);
    const match = now.table.match(request.method, segments);
    if (!match) throw notFound("there is nothing at this path");
    if ("allow" in match) {
      if (request.method === "OPTIONS") return answerOptions(request, reply, match.allow, now.origins);
      throw new Problem("method-not-allowed", `here are ${match.allow.join(", ")}`, {
        headers: { allow: match.allow.join(", ") },
      });
    }
    const { call, params } = match;
    const gateway = now.gateways.find(({ name, domain }) => name === call.gateway && domain === call.owner);
    request.routed = { call, params, gateway, served };
    if (call.limit === "none") return;
    const retryAfterSeconds = context.addressLimit.take(`address ${request.ip}`);
    if (retryAfterSeconds > 0)
      throw new Problem("too-many-requests", "too many requests of this address", { retryAfterSeconds });
    if (call.limit?.per === "address") takeFromWindow(context, call.limit, `address ${request.ip}`, reply);
  });
}

/** After the caller is known: counts the request for the caller, and asks whether the call is allowed. */
export function addAdmission(http: FastifyInstance, context: GatewayContext): void {
  http.addHook("onRequest", async ({ routed, caller, headers }, reply) => {
    if (!routed) return;
    const { access, limit } = routed.call;
    if (limit !== undefined && limit !== "none" && limit.per === "caller" && !hasOneOf(limit.exempt, caller.door))
      takeFromWindow(context, limit, caller.identity, reply);
    if (isAdmitted(access, caller.door)) return;
    if (caller.role === undefined) throw unauthenticated(headers);
    throw forbidden(`${caller.identity} may not do this: it requires ${[access].flat().join(" or ")}`);
  });
}

export const isAdmitted = (access: CallAccess, caller: DoorCaller): boolean =>
  access === "public" || caller.privileged || hasOneOf(access, caller);

const hasOneOf = (words: readonly string[], { roles, permissions }: DoorCaller): boolean =>
  words.some((word) => roles.includes(word) || permissions.includes(word));

function takeFromWindow({ windows }: GatewayContext, limit: LimitSpec, who: string, reply: FastifyReply): void {
  const { isOver, remaining, resetSeconds } = windows.take(`${limit.key} ${who}`, limit);
  void reply.headers({
    "ratelimit-limit": String(limit.max),
    "ratelimit-remaining": String(remaining),
    "ratelimit-reset": String(resetSeconds),
  });
  if (isOver)
    throw new Problem("too-many-requests", `${who} has sent ${limit.max} requests in ${limit.windowMs / 1_000} s`, {
      retryAfterSeconds: resetSeconds,
    });
}

function allowOrigin({ headers }: FastifyRequest, reply: FastifyReply, origins: ReadonlySet<string>): void {
  if (origins.size === 0) return;
  void reply.header("vary", "origin");
  if (headers.origin === undefined || !origins.has(headers.origin)) return;
  void reply.headers({
    "access-control-allow-origin": headers.origin,
    "access-control-expose-headers": SHOWN_HEADERS,
    // The answer is for this page of another site.
    "cross-origin-resource-policy": "cross-origin",
  });
}

function answerOptions(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  allow: readonly string[],
  origins: ReadonlySet<string>,
): FastifyReply {
  void reply.header("allow", allow.join(", "));
  if (headers.origin !== undefined && origins.has(headers.origin))
    void reply.headers({
      "access-control-allow-methods": allow.join(", "),
      "access-control-allow-headers": SENT_HEADERS,
      "access-control-max-age": CORS_MAX_AGE_SECONDS,
    });
  return reply.code(204).send();
}
