import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { LimitSpec } from "../../../runtime/core/gateway.ts";
import { hasOneOf, isAdmitted } from "../../../runtime/gateway/call-access.ts";
import { readRequestPath } from "../../../runtime/gateway/request-path.ts";
import { forbidden, unauthenticated } from "../server/access.ts";
import { notFound, Problem } from "../server/problem.ts";
import type { GatewayContext } from "./gateway-context.ts";
import type { FixedWindows } from "../server/fixed-windows.ts";
import type { RateLimit } from "../server/rate-limit.ts";
import { takeLink } from "./share-links.ts";
import { gatewayOf, type Served } from "./served-gateways.ts";

const CORS_MAX_AGE_SECONDS = "600";
const SENT_HEADERS =
  "authorization, content-type, idempotency-key, if-match, if-none-match, last-event-id, x-request-id";
const SHOWN_HEADERS =
  "etag, link, location, retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset, rollcall-older-rows, " +
  "x-request-id";

/** Finds the call of a request, first of all, and counts the request for its address. */
export function addRouting(
  http: FastifyInstance,
  { windows }: Pick<GatewayContext, "windows">,
  { served, addressLimit }: { readonly served: () => Served; readonly addressLimit: RateLimit },
): void {
  http.addHook("onRequest", async (request, reply) => {
    const now = served();
    const segments = readRequestPath(request.raw.url ?? "");
    const match = segments && now.table.match(request.method, segments);
    const { admits, origins } = now.placesFor(match);
    if (!admits(request.ip))
      throw new Problem(
        "foreign-network",
        `${request.ip} is in none of the networks that may use this port: see the gateway's listener.networks`,
      );
    if (!segments)
      throw new Problem(
        "invalid-request",
        "the path can be read in more than one way: send it without //, \\, and encoded / . \\",
      );
    allowOrigin(request, reply, origins);
    if (!match) throw notFound("there is nothing at this path");
    if ("allow" in match) {
      if (request.method === "OPTIONS") return answerOptions(request, reply, match.allow, origins);
      throw new Problem("method-not-allowed", `here are ${match.allow.join(", ")}`, {
        headers: { allow: match.allow.join(", ") },
      });
    }
    const { call, params } = match;
    request.routed = { call, params, gateway: gatewayOf(now.gateways, call), served };
    if (call.limit === "none") return;
    const retryAfterSeconds = addressLimit.take(`address ${request.ip}`);
    if (retryAfterSeconds > 0)
      throw new Problem("too-many-requests", "too many requests of this address", { retryAfterSeconds });
    if (call.limit?.per === "address") takeFromWindow(windows, call.limit, `address ${request.ip}`, reply);
  });
}

/** Whether the request is one of a page that may call: what it asks for is looked up only for a page. */
export function allowsOrigin(served: Served, { method, headers: { origin }, raw }: FastifyRequest): boolean {
  if (origin === undefined) return false;
  const segments = readRequestPath(raw.url ?? "");
  return served.placesFor(segments && served.table.match(method, segments)).origins.has(origin);
}

/** After the caller is known: counts the request for the caller, and asks whether the call is allowed. */
export function addAdmission(http: FastifyInstance, context: GatewayContext): void {
  const { windows } = context;
  http.addHook("onRequest", async (request, reply) => {
    const { routed, headers } = request;
    if (!routed) return;
    await takeLink(context, request);
    const { caller } = request;
    const { access, limit } = routed.call;
    if (limit !== undefined && limit !== "none" && limit.per === "caller" && !hasOneOf(limit.exempt, caller.door))
      takeFromWindow(windows, limit, caller.identity, reply);
    if (caller.link || isAdmitted(access, caller.door)) return;
    if (caller.role === undefined) throw unauthenticated(headers);
    throw forbidden(`${caller.identity} may not do this: it requires ${[access].flat().join(" or ")}`);
  });
}

function takeFromWindow(windows: FixedWindows, limit: LimitSpec, who: string, reply: FastifyReply): void {
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
