import { existsSync } from "node:fs";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import { z } from "zod";
import { PAGE_FILES } from "../../built-files.ts";
import type { Http } from "../server/route-types.ts";
import { notFound } from "../server/problem.ts";

/** Addresses within the page: each can be opened and shared. */
const PAGE_PATHS = ["/", "/nodes", "/nodes/:id", "/contracts", "/events", "/dead-letters", "/playground"] as const;
/** Names that the build gives, with a hash of the content: they can be cached for ever. */
const AssetParams = z.object({ file: z.string().regex(/^[\w.-]+-[\w-]{8}\.(js|css|svg|woff2)$/) });
const PUBLIC_ROUTE = { config: { access: "anyone" }, schema: { hide: true } } as const;

/** The dashboard. Its files are public: the data that it shows is fetched with a token. */
export function addPageRoutes(http: Http): void {
  void http.register(fastifyStatic, { root: PAGE_FILES, serve: false, preCompressed: true, cacheControl: false });
  for (const place of PAGE_PATHS)
    http.get(place, PUBLIC_ROUTE, async (_request, reply) => {
      if (!existsSync(join(PAGE_FILES, "index.html"))) throw notFound("the dashboard is not built: npm run build");
      return reply.header("cache-control", "no-cache").sendFile("index.html");
    });
  http.get(
    "/assets/:file",
    { ...PUBLIC_ROUTE, schema: { ...PUBLIC_ROUTE.schema, params: AssetParams } },
    async ({ params: { file } }, reply) =>
      reply.header("cache-control", "public, max-age=31536000, immutable").sendFile(`assets/${file}`),
  );
}
