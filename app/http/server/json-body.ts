import type { FastifyInstance } from "fastify";
import type { z } from "zod";
import { parseObject } from "../../../runtime/core/incoming-json.ts";
import { describeParts, invalidParts, Problem } from "./problem.ts";

/**
 * Reads bodies with the same limits of size, depth and characters, and the same codes, as messages of the bus.
 * @param takesNone whether an empty body is none
 */
export function addJsonBodyParser(server: FastifyInstance, takesNone = false): void {
  server.removeAllContentTypeParsers();
  const parse = async (_request: unknown, body: Buffer): Promise<unknown> =>
    takesNone && body.length === 0 ? undefined : parseObject(body);
  server.addContentTypeParser("application/json", { parseAs: "buffer" }, parse);
}

/**
 * Checks a request's body against a schema; the server does not do it.
 * @param expected what to send instead, for people: `{reason}: why it is tried again`
 * @throws Problem invalid-request, with a pointer to each part that is wrong
 */
export function parseBody<Body>(schema: z.ZodType<Body>, body: unknown, expected: string): Body {
  const { success, data, error } = schema.safeParse(body);
  if (success) return data;
  const errors = invalidParts(error.issues);
  throw new Problem("invalid-request", `send ${expected} (${describeParts(errors)})`, { errors });
}
