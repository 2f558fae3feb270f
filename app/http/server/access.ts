import type { IncomingHttpHeaders } from "node:http";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ShareLink } from "../../../runtime/core/share-link.ts";
import { type Caller as DoorCaller, NOBODY } from "../../../runtime/core/door.ts";
import type { ApiTokens, Role } from "../../host/api-tokens.ts";
import { Problem } from "./problem.ts";

/** Who may use a route: `anyone` also without a token, otherwise the roles named and operators. */
export type Access = "anyone" | readonly Exclude<Role, "operator">[];

/** The caller, as far as the request shows it. */
export interface Caller {
  /** For logs, audits and limits: `operator alice`, or `address 127.0.0.1` without a token. */
  readonly identity: string;
  /** Undefined without a valid token, where tokens are configured. */
  readonly role: Role | undefined;
  /** Always true for whoever is no node. */
  readonly mayActFor: (entityId: string) => boolean;
  /** The id of the only entity that a node acts for, or how those begin and `*`; undefined: it is no node. */
  readonly actsFor: string | undefined;
  /** Whether the token is valid still; without one always. */
  readonly isKnown: () => boolean;
  /** As contracts and their functions know the caller. */
  readonly door: DoorCaller;
  /** What the caller has a link for: then it opens this, and the caller is nobody besides. */
  readonly link?: ShareLink;
}

declare module "fastify" {
  interface FastifyContextConfig {
    access?: Access;
    /** A document for a browser, which asks for the token as a password (Basic authentication). */
    browsable?: true;
    /** Not counted for ROLLCALL_HTTP_RATE_MAX: it always answers, or has a limit of its own. */
    unlimited?: true;
  }
  interface FastifyRequest {
    caller: Caller;
  }
}

const BEARER = /^Bearer +([\x21-\x7e]{1,1024})$/i;
const BASIC = /^Basic +([A-Za-z0-9+/]{1,2048}={0,2})$/i;
const anyEntity = (): boolean => true;
/** Where there are no tokens: then only this machine reaches the address, and whoever does may do everything. */
const ANYBODY: DoorCaller = { id: "anonymous", roles: ["operator"], permissions: [], privileged: true };

/**
 * Identifies the caller. Without tokens in the configuration (then only this machine reaches the address) every caller
 * is an operator. A route without `config.access` stops the start.
 */
export function addAuthentication(http: FastifyInstance, tokens: ApiTokens | undefined): void {
  http.decorateRequest("caller", null as unknown as Caller);
  http.addHook("onRoute", ({ url, method, config }) => {
    if (config?.access === undefined)
      throw new Error(`${String(method)} ${url} has no config.access, which says who may use it`);
  });
  http.addHook("onRequest", async (request) => void (request.caller = identifyCaller(request, tokens)));
}

/**
 * After the rate limit, which then limits the guessing of tokens too.
 * @param idFields what payloads call the ids of entities, and so do paths that a node may use
 */
export function addAuthorization(http: FastifyInstance, idFields: ReadonlySet<string>): void {
  http.addHook("onRequest", async ({ caller, is404, routeOptions: { config }, headers }) => {
    const { access, browsable = false } = config;
    if (is404 || access === "anyone") return;
    const { role } = caller;
    if (role === undefined) throw unauthenticated(headers, browsable);
    if (role !== "operator" && !access?.includes(role))
      throw forbidden(
        `${caller.identity} may not do this: it requires ${[...(access ?? []), "operator"].join(" or ")}`,
      );
  });
  // Every route with such an id in its path, so that none can forget the check.
  http.addHook("preHandler", async ({ caller, params }) => {
    for (const [name, value] of Object.entries((params ?? {}) as Readonly<Record<string, string>>))
      if (idFields.has(name)) assertMayActFor(caller, value);
  });
}

/** @throws Problem forbidden */
export function assertMayActFor({ identity, mayActFor }: Caller, entityId: string): void {
  if (!mayActFor(entityId)) throw forbidden(`${identity} may not act for ${entityId}`);
}

function identifyCaller(request: FastifyRequest, tokens: ApiTokens | undefined): Caller {
  const { headers, ip, routeOptions } = request;
  const atAddress = { identity: `address ${ip}`, mayActFor: anyEntity, actsFor: undefined, isKnown: () => true };
  if (tokens === undefined) return { ...atAddress, role: "operator", door: ANYBODY };
  // A browser repeats a password for requests that another site causes, so only documents accept it.
  const bearer = BEARER.exec(headers.authorization ?? "")?.[1];
  const presented = bearer ?? (routeOptions.config.browsable ? basicAuthPassword(headers) : undefined);
  const token = presented === undefined ? undefined : tokens.find(presented);
  if (token === undefined) return { ...atAddress, role: undefined, door: NOBODY };
  const { role, name } = token;
  const actsFor = role === "node" ? name : undefined;
  return {
    ...{
      identity: `${role} ${name}`,
      role,
      mayActFor: actsFor === undefined ? anyEntity : idMatcher(actsFor),
      actsFor,
      isKnown: () => tokens.has(token),
    },
    door: { id: name, roles: [role], permissions: [], privileged: role === "operator" },
  };
}

const idMatcher = (name: string) =>
  name.endsWith("*") ? (id: string): boolean => id.startsWith(name.slice(0, -1)) : (id: string): boolean => id === name;

function basicAuthPassword({ authorization = "" }: IncomingHttpHeaders): string | undefined {
  const pair = Buffer.from(BASIC.exec(authorization)?.[1] ?? "", "base64").toString("latin1");
  return pair.includes(":") ? pair.slice(pair.indexOf(":") + 1) : undefined;
}

export function unauthenticated({ authorization, accept = "" }: IncomingHttpHeaders, browsable = false): Problem {
  if (browsable && accept.includes("text/html"))
    return new Problem("unauthenticated", "the password is a token of ROLLCALL_API_TOKENS; any user name will do", {
      challenge: 'Basic realm="rollcall", charset="UTF-8"',
    });
  const [detail, challenge] =
    authorization === undefined
      ? ["send a token: Authorization: Bearer <token>", 'Bearer realm="rollcall"']
      : ["the token is not one of ROLLCALL_API_TOKENS", 'Bearer realm="rollcall", error="invalid_token"'];
  return new Problem("unauthenticated", detail, { challenge });
}

export const forbidden = (detail: string): Problem =>
  new Problem("forbidden", detail, { challenge: 'Bearer realm="rollcall", error="insufficient_scope"' });
