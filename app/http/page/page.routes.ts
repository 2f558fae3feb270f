import { existsSync } from "node:fs";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
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
const PUBLIC_ROUTE = { config: { access: "anyone" }, schema: { hide: true } } as const;

/**
 * The dashboard. Its files are public: the data that it shows is fetched with a token.
 * @param systems without one at the root, `/` leads to the first
 */
export function addPageRoutes(http: Http, systems: readonly System[]): void {
  void http.register(fastifyStatic, { root: PAGE_FILES, serve: false, preCompressed: true, cacheControl: false });
  if (systems.some(({ module }) => module.isAtRoot)) addPagePaths(http, DOMAIN_PATHS);
  else http.get("/", PUBLIC_ROUTE, (_request, reply) => reply.redirect(`/domains/${systems[0]?.name}`));
  addPagePaths(
    http,
    [...DOMAIN_PATHS, ...ENTITY_PATHS].map((path) => (path === "/" ? "/domains/:domain" : `/domains/:domain${path}`)),
  );
  http.get(
    "/assets/:file",
    { ...PUBLIC_ROUTE, schema: { ...PUBLIC_ROUTE.schema, params: AssetParams } },
    async ({ params: { file } }, reply) =>
      reply.header("cache-control", "public, max-age=31536000, immutable").sendFile(`assets/${file}`),
  );
}

/** The page decides itself what it shows at each of these paths. */
export function addPagePaths(http: Http, paths: readonly string[]): void {
  for (const path of paths)
    http.get(path, PUBLIC_ROUTE, async (_request, reply) => {
      if (!existsSync(join(PAGE_FILES, "index.html"))) throw notFound("the dashboard is not built: npm run build");
      return reply.header("cache-control", "no-cache").sendFile("index.html");
    });
}
