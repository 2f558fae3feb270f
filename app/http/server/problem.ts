import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { hasZodFastifySchemaValidationErrors } from "fastify-type-provider-zod";
import { z } from "zod";
import { Fault } from "../../../runtime/core/fault.ts";
import { DecodeError } from "../../../runtime/core/incoming-json.ts";
import { escapePointer } from "../../../runtime/core/incoming-json.ts";

/** By the last part of the problem's `type`. */
const PROBLEM_KINDS = {
  "invalid-request": { status: 400, title: "The request is not valid" },
  unauthenticated: { status: 401, title: "Authentication required" },
  forbidden: { status: 403, title: "Forbidden" },
  "foreign-origin": { status: 403, title: "A page of another origin may not change anything" },
  "foreign-network": { status: 403, title: "This address may not use the port" },
  "not-found": { status: 404, title: "Not found" },
  "method-not-allowed": { status: 405, title: "Method not allowed" },
  "not-acceptable": { status: 406, title: "Not acceptable" },
  conflict: { status: 409, title: "Conflict with the current state" },
  declined: { status: 409, title: "The contract declines it" },
  "precondition-failed": { status: 412, title: "It is not as the caller has seen it" },
  "too-large": { status: 413, title: "The request is too large" },
  "unsupported-media-type": { status: 415, title: "The body must be JSON" },
  "key-reused": { status: 422, title: "The Idempotency-Key was used for another request" },
  "foreign-host": { status: 421, title: "This host name is not served here" },
  "precondition-required": { status: 428, title: "The request has to say what it has seen" },
  "too-many-requests": { status: 429, title: "Too many requests" },
  overloaded: { status: 503, title: "Overloaded" },
  unavailable: { status: 503, title: "A dependency is unavailable" },
  timeout: { status: 504, title: "Timed out" },
  internal: { status: 500, title: "Internal error" },
} as const;
type ProblemKind = keyof typeof PROBLEM_KINDS;

/** One invalid part of a request. */
const ProblemError = z.object({
  detail: z.string(),
  pointer: z.string().optional().describe("JSON pointer into the body"),
  parameter: z.string().optional().describe("name of a query, path or header parameter"),
});
type ProblemError = z.infer<typeof ProblemError>;

export const ProblemSchema = z
  .looseObject({
    type: z.string().describe("urn:rollcall:problem:<kind>"),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string().describe("path of the request"),
    code: z.string().optional().describe("a stable code of docs/reference/errors.md"),
    errors: z.array(ProblemError),
  })
  .meta({ description: "RFC 9457 problem, application/problem+json" });

export interface ProblemOptions {
  readonly errors?: readonly ProblemError[];
  readonly code?: string;
  /** Where the framework has a more precise one than the kind. */
  readonly status?: number;
  /** Members beside RFC 9457's own. */
  readonly extensions?: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds?: number;
  /** The WWW-Authenticate header. */
  readonly challenge?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An RFC 9457 problem: thrown by a route, sent by the error handler. */
export class Problem extends Error {
  readonly kind: ProblemKind;
  readonly options: ProblemOptions;
  constructor(kind: ProblemKind, detail: string, options: ProblemOptions = {}) {
    super(detail);
    this.kind = kind;
    this.options = options;
  }
}

/** @param within pointer to the part of the body that the schema checked */
export const invalidParts = (issues: readonly z.core.$ZodIssue[], within = ""): ProblemError[] =>
  issues.slice(0, 100).flatMap((issue) => {
    const unknown = issue.code === "unrecognized_keys" ? issue.keys.slice(0, 100).map((key) => [key]) : [[]];
    return unknown.map((key) => ({
      detail: issue.message,
      pointer: within + [...issue.path, ...key].map((part) => `/${escapePointer(String(part))}`).join(""),
    }));
  });

export const describeParts = (errors: readonly ProblemError[]): string =>
  errors.map(({ parameter, pointer, detail }) => `${parameter ?? (pointer || "/")}: ${detail}`).join("; ");

export const invalidRequest = (errors: readonly ProblemError[], code?: string): Problem =>
  new Problem("invalid-request", describeParts(errors), { errors, ...(code !== undefined && { code }) });

export const notFound = (what: string): Problem => new Problem("not-found", what);

/** Which domains there are is told to callers with a token only; there may be no caller yet. */
export function notServedProblem(
  name: string,
  served: readonly string[],
  caller: { readonly role: string | undefined } | null,
): Problem {
  const names = caller?.role === undefined ? "" : `: ${served.join(", ")} are`;
  return notFound(`the domain ${name.slice(0, 100)} is not served here${names}`);
}

/** @param url its path is told without the query, which may hold secrets */
function problemBody(url: string, { kind, message, options }: Problem) {
  const { errors = [], code, status, extensions } = options;
  return {
    ...extensions,
    type: `urn:rollcall:problem:${kind}`,
    title: PROBLEM_KINDS[kind].title,
    status: status ?? PROBLEM_KINDS[kind].status,
    detail: message,
    instance: url.split("?", 1)[0]?.slice(0, 1_024) ?? "/",
    ...(code !== undefined && { code }),
    errors,
  };
}
export type ProblemBody = ReturnType<typeof problemBody>;

/** @param write makes of the problem what is sent instead, as plain JSON */
export function sendProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  problem: Problem,
  write?: (body: ProblemBody) => unknown,
): void {
  const { retryAfterSeconds, challenge, headers = {} } = problem.options;
  const body = problemBody(request.url, problem);
  // An error of the framework comes before any hook.
  void reply.headers({ ...headers, "x-request-id": request.id });
  if (retryAfterSeconds !== undefined) void reply.header("retry-after", String(retryAfterSeconds));
  if (challenge !== undefined) void reply.header("www-authenticate", challenge);
  void reply
    .code(body.status)
    .type(write ? "application/json" : "application/problem+json")
    .serializer((value) => JSON.stringify(value))
    .send(write ? write(body) : body);
}

/** The problem for any error of a route. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (hasZodFastifySchemaValidationErrors(error)) return problemOfValidation(error);
  if (error instanceof DecodeError) return problemOfDecodeError(error);
  if (error instanceof Fault) return problemOfFault(error);
  const { statusCode: status = 500, message } = error as FastifyError;
  if (status === 413) return new Problem("too-large", "a body has at most 256 KiB");
  if (status === 415) return new Problem("unsupported-media-type", "send content-type: application/json");
  if (status >= 400 && status < 500) return new Problem("invalid-request", message, { status });
  return new Problem("internal", "the request failed; the process's log has the error");
}

/** Of a body: nothing else is decoded for a request. */
function problemOfDecodeError({ code, message }: DecodeError): Problem {
  if (code === "TOO_LARGE") return new Problem("too-large", message, { code });
  const [, pointer = "/", detail = message] = /^(\/[^:\s]*): ([^]*)$/.exec(message) ?? [];
  const errors = [{ detail, pointer: pointer === "/" ? "" : pointer }];
  return new Problem("invalid-request", message, { code, errors });
}

function problemOfFault(fault: Fault): Problem {
  const { code, message } = fault;
  if (code === "MESSAGE_TOO_LARGE") return new Problem("too-large", message, { code });
  // The store refuses only values of the request itself: a NUL character, or a forged cursor.
  if (code === "STORE_REFUSED") return new Problem("invalid-request", message, { code });
  if (fault.retryable) return new Problem("unavailable", message, { code, retryAfterSeconds: 1 });
  // It names the place, by which an operator finds out what happened to it.
  if (code === "JOURNAL_DAMAGED") return new Problem("internal", message, { code });
  if (code === "JOURNAL_DROPPED") return new Problem("conflict", message, { code });
  return new Problem("internal", "the request failed; the process's log has the error", { code });
}

function problemOfValidation(error: FastifyError & { validationContext?: string }): Problem {
  const errors = (error.validation ?? []).map(({ instancePath, message = "not valid" }) =>
    error.validationContext === "body"
      ? { detail: message, pointer: instancePath }
      : { detail: message, parameter: decodeURIComponent(instancePath.slice(1)).replaceAll("~1", "/") },
  );
  return invalidRequest(errors);
}
