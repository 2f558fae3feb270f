import type { FastifyInstance } from "fastify";
import type { z } from "zod";
import { parseObject, DecodeError } from "../../../runtime/core/incoming-json.ts";
import { describeParts, invalidParts, Problem } from "./problem.ts";

/** Reads bodies with the same limits of size, depth and characters, and the same codes, as messages of the bus. */
export function addJsonBodyParser(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, body, done) => {
    try {
      done(null, parseObject(body as Buffer));
    } catch (error) {
      done(error instanceof DecodeError ? problemOfDecodeError(error) : (error as Error));
    }
  });
}

/** @param within pointer to the part of the body that was decoded */
export function problemOfDecodeError({ code, message }: DecodeError, within = ""): Problem {
  if (code === "TOO_LARGE") return new Problem("too-large", message, { code });
  const [, pointer, detail] = /^(\/[^:\s]*): ([^]*)$/.exec(message) ?? [];
  const errors =
    detail === undefined
      ? [{ detail: message, pointer: within }]
      : [{ detail, pointer: pointer === "/" ? within : `${within}${pointer}` }];
  return new Problem("invalid-request", message, { code, errors });
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
