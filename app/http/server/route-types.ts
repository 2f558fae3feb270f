import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import type { Access } from "./access.ts";
import { ProblemSchema } from "./problem.ts";

/** The server, with routes typed by their Zod schemas. */
export type Http = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

const problemResponse = (description: string) => ({
  description,
  content: { "application/problem+json": { schema: ProblemSchema } },
});

/** Answers of any route, beside its own. */
const PROBLEMS = {
  "4xx": problemResponse("the request is refused"),
  "5xx": problemResponse("the request failed"),
} as const;

/** Of a route of the API: who may use it, its description and schemas; each may be answered with a problem. */
export const apiRoute = <Schema extends { readonly response: object }>(access: Access, schema: Schema) => ({
  config: { access },
  schema: { ...schema, response: { ...schema.response, ...PROBLEMS } },
});

export const LimitParam = (defaultLimit: number) =>
  z.coerce.number().int().min(1).max(500).default(defaultLimit).describe("items per page");
export const CursorParam = z.string().min(1).max(1_024).optional().describe("next_cursor of the previous page");
