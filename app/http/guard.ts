import type { FastifyInstance, FastifyRequest } from "fastify";
import { type Config, isLoopback } from "../config.ts";
import { Problem } from "./problem.ts";

const LOCAL_NAMES: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);
const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * A page in a browser of this machine must not speak to us: a name that was rebound to a loopback address is refused,
 * and so is whatever would change something on behalf of another origin.
 */
export function guardRequests(http: FastifyInstance, config: Config): void {
  const served = new Set([...LOCAL_NAMES, bracketed(config.ROLLCALL_HTTP_HOST.toLowerCase())]);
  const isLocal = isLoopback(config.ROLLCALL_HTTP_HOST);
  http.addHook("onRequest", async (request, reply) => {
    void reply.header("x-content-type-options", "nosniff").header("cache-control", "no-store");
    if (isLocal) refuseForeignHost(request, served);
    if (!SAFE_METHODS.has(request.method)) refuseForeignOrigin(request);
  });
}

function refuseForeignHost({ headers }: FastifyRequest, served: ReadonlySet<string>): void {
  const host = hostname(headers.host ?? "");
  if (!served.has(host))
    throw new Problem(
      "foreign-host",
      `the Host header names ${JSON.stringify(host.slice(0, 255))}; this address is served as ${[...served].join(", ")}: set ROLLCALL_HTTP_HOST for another name`,
    );
}

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

/** Without the port. */
const hostname = (host: string): string => host.toLowerCase().replace(/:\d*$/, "");
const bracketed = (host: string): string => (host.includes(":") && !host.startsWith("[") ? `[${host}]` : host);
