import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import type { FastifyReply } from "fastify";
import { z } from "zod";
import type { System } from "../../host/compose.ts";
import { PAGE_FILES } from "../../built-files.ts";
import type { Http } from "../server/route-types.ts";
import { notFound } from "../server/problem.ts";

/** Addresses within the page, below that of a domain: each can be opened and shared. */
const DOMAIN_PATHS = ["/", "/contracts", "/events", "/dead-letters", "/playground"] as const;
const ENTITY_PATHS = ["/entities", "/entities/:id"] as const;
/** Names that the build gives, with a hash of the content: they can be cached for ever. */
const AssetParams = z.object({ file: z.string().regex(/^[\w.-]+-[\w-]{8}\.(js|css|svg|woff2)$/) });
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};
/** The build writes each file in these too, the smallest first; and how the names of those files end. */
const ENCODINGS = [
  ["br", ".br"],
  ["gzip", ".gz"],
] as const;
const PUBLIC_ROUTE = { config: { access: "anyone" }, schema: { hide: true } } as const;

/**
 * The dashboard. Its files are public: the data that it shows is fetched with a token.
 * @param systems without one at the root, `/` leads to the first
 */
export function addPageRoutes(http: Http, systems: readonly System[]): void {
  if (systems.some(({ module }) => module.isAtRoot)) addPagePaths(http, DOMAIN_PATHS);
  else http.get("/", PUBLIC_ROUTE, (_request, reply) => reply.redirect(`/domains/${systems[0]?.name}`));
  addPagePaths(
    http,
    [...DOMAIN_PATHS, ...ENTITY_PATHS].map((path) => (path === "/" ? "/domains/:domain" : `/domains/:domain${path}`)),
  );
  http.get(
    "/assets/:file",
    { ...PUBLIC_ROUTE, schema: { ...PUBLIC_ROUTE.schema, params: AssetParams } },
    ({ params: { file }, headers }, reply) =>
      sendFile(reply, `assets/${file}`, "public, max-age=31536000, immutable", headers["accept-encoding"]),
  );
}

/** The page decides itself what it shows at each of these paths. */
export function addPagePaths(http: Http, paths: readonly string[]): void {
  for (const path of paths)
    http.get(path, PUBLIC_ROUTE, ({ headers }, reply) =>
      sendFile(reply, "index.html", "no-cache", headers["accept-encoding"]),
    );
}

/** @throws Problem not-found: there is no such file */
async function sendFile(
  reply: FastifyReply,
  file: string,
  caching: string,
  acceptedEncodings = "",
): Promise<FastifyReply> {
  const [encoding, ending] = ENCODINGS.find(([name]) => accepts(acceptedEncodings, name)) ?? [];
  const content = await readFile(join(PAGE_FILES, `${file}${ending ?? ""}`)).catch(() => undefined);
  if (!content) throw notFound("the page has no such file; in a checkout npm run build makes the page");
  if (encoding !== undefined) void reply.header("content-encoding", encoding);
  return reply
    .headers({ "cache-control": caching, vary: "accept-encoding" })
    .type(CONTENT_TYPES[extname(file)] ?? "application/octet-stream")
    .send(content);
}

/** By a request's `accept-encoding`, such as `gzip;q=0.8, br`. */
const accepts = (header: string, encoding: string): boolean =>
  header.split(",").some((part) => {
    const [name, quality = ""] = part.split(";");
    return name?.trim() === encoding && !/^\s*q=0(\.0*)?\s*$/.test(quality);
  });
