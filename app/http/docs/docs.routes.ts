import { readFileSync } from "node:fs";
import type { FastifyReply } from "fastify";
import { z } from "zod";
import { asyncApiOf } from "../../../runtime/contract/documents/async-api.ts";
import { contractJsonSchema } from "../../../runtime/contract/documents/contract-json-schema.ts";
import { DOCS_STYLE } from "../../built-files.ts";
import type { System } from "../../host/compose.ts";
import { VERSION } from "../../version.ts";
import { apiPage, type OpenApi } from "./api-page.ts";
import { messagesPage } from "./messages-page.ts";
import { schemaFiles, schemaIndex, schemasPage } from "./schemas-page.ts";
import type { Access } from "../server/access.ts";
import type { Http } from "../server/route-types.ts";
import { notFound } from "../server/problem.ts";

const SchemaParams = z.object({ file: z.string().max(255) });
const documentRoute = (access: Access) => ({ config: { access, browsable: true }, schema: { hide: true } }) as const;
const DOCUMENT_ROUTE = documentRoute(["reader", "node"]);

/** What a server has once: the description of its routes, and what all documents share. */
export function addServerDocumentRoutes(http: Http): void {
  http.get("/openapi.json", DOCUMENT_ROUTE, () => http.swagger());
  http.get("/docs/api", DOCUMENT_ROUTE, (_request, reply) =>
    sendHtml(reply, apiPage(http.swagger() as unknown as OpenApi)),
  );
  http.get("/docs/style.css", DOCUMENT_ROUTE, (_request, reply) =>
    reply.type("text/css; charset=utf-8").send(readFileSync(DOCS_STYLE, "utf8")),
  );
  const schema = contractJsonSchema();
  http.get("/schemas/contract.schema.json", { config: { access: "anyone" }, schema: { hide: true } }, () => schema);
}

/**
 * Documents about a domain's messages, for programs and people, generated at each request from the contracts in force.
 * @param path below which they are served, for their links
 */
export function addDocumentRoutes(http: Http, system: System, path: string): void {
  // A node has a role at the routes without a domain's name only.
  const route = path === "" ? DOCUMENT_ROUTE : documentRoute(["reader"]);
  http.get("/asyncapi.json", route, () => asyncApiOf(system.domain, system.messages, VERSION));
  http.get("/docs", route, (_request, reply) => sendHtml(reply, messagesPage(system, path)));
  http.get("/schemas", route, ({ headers: { accept = "" } }, reply) =>
    accept.includes("text/html")
      ? sendHtml(reply.header("vary", "accept"), schemasPage(system, path))
      : reply.header("vary", "accept").send(schemaIndex(system, path)),
  );
  http.get(
    "/schemas/messages/:file",
    { ...route, schema: { hide: true, params: SchemaParams } },
    ({ params: { file } }, reply) => {
      const schema = schemaFiles(system).get(file);
      if (!schema) throw notFound(`there is no schema ${file}: see ${path}/schemas`);
      return reply.type("application/schema+json").serializer(JSON.stringify).send(schema);
    },
  );
}

const sendHtml = (reply: FastifyReply, text: string) => reply.type("text/html; charset=utf-8").send(text);
