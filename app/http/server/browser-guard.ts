import { isIP } from "node:net";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { isLoopback } from "../../host/config.ts";
import { Problem } from "./problem.ts";

/** Nothing inline, nothing from other origins, in no frame. */
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src " +
  "'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const HEADERS = {
  "content-security-policy": CONTENT_SECURITY_POLICY,
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
} as const;
const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

interface Guarded {
  /** That it listens on. */
  readonly address: string;
  /** Host names beside it. */
  readonly names: readonly string[] | undefined;
  /** Whether there are tokens, which a page of another site does not have. */
  readonly hasTokens: boolean;
  /** Whether a page of another site may ask for this. */
  readonly allowsOrigin?: (request: FastifyRequest) => boolean;
  /** Whether somebody is let in by where he is alone, though other machines reach the address. */
  readonly trustsNetworks?: () => boolean;
}

/**
 * Protects against pages in a browser of this machine: a request is refused when it uses a host name that is not served
 * here (DNS rebinding), or would change something for a page of another origin. Without tokens such a page reads
 * nothing either.
 */
export function addBrowserGuard(http: FastifyInstance, guarded: Guarded): void {
  const { address, names, hasTokens, allowsOrigin = () => false, trustsNetworks = () => false } = guarded;
  const servedNames = new Set(["localhost", "127.0.0.1", "[::1]", bracketed(address.toLowerCase()), ...(names ?? [])]);
  const isNamed = isLoopback(address) || names !== undefined;
  http.addHook("onRequest", async (request, reply) => {
    void reply.headers(HEADERS);
    const host = hostname(request.headers.host ?? "");
    // Any other address requires tokens, which such a page does not have, or has networks, which such a page is in:
    // then an address will do, since only a name can be rebound.
    const isServed = servedNames.has(host) || (!isNamed && (!trustsNetworks() || isIP(unbracketed(host)) > 0));
    if (!isServed) throw foreignHost(host, servedNames);
    if (/\bwebsocket\b/i.test(request.headers.upgrade ?? ""))
      throw new Problem(
        "invalid-request",
        "WebSockets are not supported: /api/v1/events/stream sends server-sent events",
      );
    const changes = !SAFE_METHODS.has(request.method);
    if ((changes || (!hasTokens && !isVisit(request))) && !allowsOrigin(request)) refuseForeignOrigin(request);
  });
}

const foreignHost = (host: string, servedNames: ReadonlySet<string>): Problem =>
  new Problem(
    "foreign-host",
    `the Host header names ${JSON.stringify(host.slice(0, 255))}; this address is served as ` +
      `${[...servedNames].join(", ")}: set ROLLCALL_HTTP_NAMES for others`,
  );

function refuseForeignOrigin({ headers }: FastifyRequest): void {
  const { origin, host = "" } = headers;
  const fetchSite = headers["sec-fetch-site"];
  const isForeign = origin !== undefined && !(URL.canParse(origin) && new URL(origin).host === host.toLowerCase());
  if (isForeign || fetchSite === "cross-site")
    throw new Problem(
      "foreign-origin",
      `the request was made by a page of ${(origin ?? "another site").slice(0, 255)}`,
    );
}

/** Somebody has followed a link: the page that has it does not see what is answered. */
const isVisit = ({ headers }: FastifyRequest): boolean => headers["sec-fetch-mode"] === "navigate";

/** Without the port. */
const hostname = (host: string): string => host.toLowerCase().replace(/:\d*$/, "");
const bracketed = (host: string): string => (host.includes(":") && !host.startsWith("[") ? `[${host}]` : host);
const unbracketed = (host: string): string => host.replace(/^\[(.*)\]$/, "$1");
