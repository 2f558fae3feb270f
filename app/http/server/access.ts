import type { IncomingHttpHeaders } from "node:http";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { type ApiToken, type Role, findToken } from "../../host/api-tokens.ts";
import { Problem } from "./problem.ts";

/** Who may use a route: `anyone` also without a token, else the roles named and every operator. */
type Access = "anyone" | readonly Exclude<Role, "operator">[];

/** Who asks, as far as the request shows it. */
export interface Caller {
  /** For logs, audits and limits: `operator alice`, or `address 127.0.0.1` without a token. */
  readonly identity: string;
  /** Undefined: no token where one is needed, or a wrong one. */
  readonly role: Role | undefined;
  mayActFor(nodeId: string): boolean;
}

declare module "fastify" {
  interface FastifyContextConfig {
    access?: Access;
    /** A document that people open in a browser: it asks them for the token by itself, as a password (Basic). */
    browsable?: true;
  }
  interface FastifyRequest {
    caller: Caller;
  }
}

const BEARER = /^Bearer +([\x21-\x7e]{1,1024})$/i;
const BASIC = /^Basic +([A-Za-z0-9+/]{1,2048}={0,2})$/i;
const anyNode = (): boolean => true;
const noNode = (): boolean => false;

/**
 * Finds out who asks, and refuses what the role may not do. Without tokens in the configuration (then only this machine
 * reaches the address) everybody is an operator. A route that does not say who may use it stops the start.
 */
export function addAuthentication(http: FastifyInstance, tokens: readonly ApiToken[] | undefined): void {
  http.decorateRequest("caller", null as unknown as Caller);
  http.addHook("onRoute", ({ url, method, config }) => {
    if (config?.access === undefined)
      throw new Error(`${String(method)} ${url} does not say who may use it: give it config: { access }`);
  });
  http.addHook("onRequest", async (request) => void (request.caller = identifyCaller(request, tokens)));
}

/** Behind the rate limit, so that guessing is limited too. */
export function addAuthorization(http: FastifyInstance): void {
  http.addHook("onRequest", async ({ caller, is404, routeOptions: { config }, headers }) => {
    const { access, browsable = false } = config;
    if (is404 || access === "anyone") return;
    const { role } = caller;
    if (role === undefined) throw unauthenticated(headers, browsable);
    if (role !== "operator" && !access?.includes(role))
      throw forbidden(`${caller.identity} may not do this: it takes ${[...(access ?? []), "operator"].join(" or ")}`);
  });
  // Whatever is asked of one node under its name, so that no route can forget it.
  http.addHook("preHandler", async ({ caller, params }) => {
    const { node_id } = (params ?? {}) as { readonly node_id?: string };
    if (node_id !== undefined) assertMayActFor(caller, node_id);
  });
}

/** @throws Problem forbidden */
export function assertMayActFor(caller: Caller, nodeId: string): void {
  if (caller.role === "node" && !caller.mayActFor(nodeId))
    throw forbidden(`${caller.identity} may not act for ${nodeId}`);
}

function identifyCaller(
  { headers, ip, routeOptions }: FastifyRequest,
  tokens: readonly ApiToken[] | undefined,
): Caller {
  if (tokens === undefined) return { identity: `address ${ip}`, role: "operator", mayActFor: anyNode };
  // A browser sends a password again by itself, also where another site leads it: it is taken for documents alone.
  const presented = bearerToken(headers) ?? (routeOptions.config.browsable ? basicAuthPassword(headers) : undefined);
  const token = presented === undefined ? undefined : findToken(tokens, presented);
  if (token === undefined) return { identity: `address ${ip}`, role: undefined, mayActFor: noNode };
  const { role, name } = token;
  return { identity: `${role} ${name}`, role, mayActFor: role === "node" ? nodeIdMatcher(name) : anyNode };
}

const nodeIdMatcher = (name: string) =>
  name.endsWith("*")
    ? (nodeId: string): boolean => nodeId.startsWith(name.slice(0, -1))
    : (nodeId: string): boolean => nodeId === name;

const bearerToken = ({ authorization = "" }: IncomingHttpHeaders): string | undefined =>
  BEARER.exec(authorization)?.[1];

function basicAuthPassword({ authorization = "" }: IncomingHttpHeaders): string | undefined {
  const pair = Buffer.from(BASIC.exec(authorization)?.[1] ?? "", "base64").toString("latin1");
  return pair.includes(":") ? pair.slice(pair.indexOf(":") + 1) : undefined;
}

function unauthenticated({ authorization, accept = "" }: IncomingHttpHeaders, browsable: boolean): Problem {
  if (browsable && accept.includes("text/html"))
    return new Problem("unauthenticated", "the password is a token of ROLLCALL_API_TOKENS, the name does not matter", {
      challenge: 'Basic realm="rollcall", charset="UTF-8"',
    });
  const [detail, challenge] =
    authorization === undefined
      ? ["send a token: Authorization: Bearer <token>", 'Bearer realm="rollcall"']
      : ["this is no token of ROLLCALL_API_TOKENS", 'Bearer realm="rollcall", error="invalid_token"'];
  return new Problem("unauthenticated", detail, { challenge });
}

const forbidden = (detail: string): Problem =>
  new Problem("forbidden", detail, { challenge: 'Bearer realm="rollcall", error="insufficient_scope"' });
