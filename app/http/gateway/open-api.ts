import type { FastifyReply, FastifyRequest } from "fastify";
import type { Domain } from "../../../runtime/core/domain.ts";
import { kindOfRefusal } from "../../../runtime/core/refusal.ts";
import type { CallSpec, FunctionCall, GatewaySpec, MessageCall, ReplySpec } from "../../../runtime/core/gateway.ts";
import { payloadSchema, shapeSchema } from "../../../runtime/contract/documents/payload-schema.ts";
import { statusOfReply } from "../../../runtime/gateway/replies.ts";
import { groupBy } from "../../../runtime/shell/group-by.ts";
import { VERSION } from "../../version.ts";
import { MessageStatus } from "../entities/message-status.ts";
import { ProblemSchema } from "../server/problem.ts";
import { type GatewayContext, routedOf } from "./gateway-context.ts";
import { Accepted, type Describe, describing, liftDefinitions, shapeOfList } from "./open-api-answers.ts";
import { parametersOfCall } from "./open-api-parameters.ts";
import { Link, LinkBody } from "./share-links.ts";
import type { Served } from "./served-gateways.ts";

type Doc = Readonly<Record<string, unknown>>;

/** What is served where the request came to, as OpenAPI 3.1. */
export async function showOpenApi(
  context: GatewayContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const document = openApiOf(context, routedOf(request).served());
  return reply.type("application/json").send(JSON.stringify(document));
}

function openApiOf(context: GatewayContext, { calls, gateways }: Served): Doc {
  const paths: Record<string, Record<string, Doc>> = {};
  const schemas: Record<string, unknown> = { Problem: shapeSchema(ProblemSchema) };
  for (const call of calls) {
    const gateway = gateways.find(({ name, domain }) => name === call.gateway && domain === call.owner);
    const parts = { problem: problemOf(gateway), describe: describing(schemas, call) };
    const operation = operationOf(context, call, parts);
    const body =
      call.does.kind === "message"
        ? bodyOf(context, call, call.does, schemas)
        : call.does.kind === "share" && { content: { "application/json": { schema: shapeSchema(LinkBody) } } };
    (paths[call.path] ??= {})[call.method.toLowerCase()] = { ...operation, ...(body && { requestBody: body }) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: gateways.map(({ name }) => name).join(", "),
      version: VERSION,
      ...descriptionOf(
        gateways
          .map(({ description }) => description)
          .filter(Boolean)
          .join("\n\n"),
      ),
    },
    servers: [{ url: context.link("") || "/" }],
    paths,
    components: {
      schemas,
      securitySchemes: { token: { type: "http", scheme: "bearer" }, ...linkSchemes(calls) },
    },
  };
}

/** A link is sent in its own query parameter, and opens the calls that take it there. */
const linkSchemes = (calls: Served["calls"]): Doc =>
  Object.fromEntries(
    calls.flatMap(({ linkParameter: name }) =>
      name === undefined ? [] : [[linkScheme(name), { type: "apiKey", in: "query", name }] as const],
    ),
  );
const linkScheme = (parameter: string): string => `link_${parameter}`;

function securityOf({ access, linkParameter }: CallSpec): readonly Doc[] {
  const link = linkParameter === undefined ? [] : [{ [linkScheme(linkParameter)]: [] }];
  return [access === "public" ? {} : { token: [] }, ...link];
}

const descriptionOf = (description: string | undefined): Doc => (description ? { description } : {});

/** What problems are written as, by media type: RFC 9457's form, unless a function of the gateway writes them. */
const problemOf = (gateway: GatewaySpec | undefined): Doc =>
  gateway?.errors
    ? { "application/json": { schema: {} } }
    : { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } };

/** What answers are made of. */
interface AnswerParts {
  /** How a problem is answered, by media type. */
  readonly problem: Doc;
  readonly describe: Describe;
}

function operationOf(context: GatewayContext, call: CallSpec, parts: AnswerParts): Doc {
  const { does, access } = call;
  const { domain } = context.domain(call.domain).system;
  return {
    operationId: call.operation,
    tags: [call.gateway],
    ...(call.summary !== undefined && { summary: call.summary }),
    "x-access": access,
    security: securityOf(call),
    parameters: parametersOfCall(call, domain),
    responses: responsesOf(does, domain, parts),
  };
}

/** @param shared gets what the schema refers to */
function bodyOf(
  context: GatewayContext,
  { domain, operation }: CallSpec,
  { payload, message }: MessageCall,
  shared: Record<string, unknown>,
): Doc {
  const { messages } = context.domain(domain).system;
  const definition = messages.find(({ messageType }) => messageType === message);
  const schema = payload?.body ? shapeSchema(payload.body) : definition && payloadSchema(definition, "draft-2020-12");
  const body = liftDefinitions(schema ?? {}, operation, shared);
  return { content: { "application/json": { schema: body } } };
}

const json = (description: string, schema: Doc = {}): Doc => ({
  description,
  content: { "application/json": { schema } },
});

function responsesOf(does: CallSpec["does"], domain: Domain, { problem, describe }: AnswerParts): Doc {
  const answer = { description: "a problem", content: problem };
  const problems = { "4XX": answer, "5XX": answer };
  switch (does.kind) {
    case "message":
      return { ...repliesOf(does, domain, { problem, describe }), ...problems };
    case "follows":
      return {
        200: { description: "events", content: { "text/event-stream": { schema: { type: "string" } } } },
        ...problems,
      };
    case "share":
      return { 201: json("a link, and until when it opens", describe(Link)), ...problems };
    case "call": {
      // A function says with which status it answers.
      const content = contentOf(does, describe);
      const either = { description: "the answer, or a problem", content: { ...content, ...problem } };
      return { 200: { description: "the answer", content }, "2XX": either, "4XX": either, "5XX": either };
    }
    case "entity":
      return {
        200: json("the entity", describe(does.view.answers)),
        ...(does.etag && { 304: { description: "as it was seen" } }),
        ...problems,
      };
    case "projection":
      return { 200: json("the list", describe(shapeOfList(does, domain))), ...problems };
    case "message_status":
      return { 200: json("what is known of it", describe(MessageStatus)), ...problems };
    case "open_api":
      return { 200: json("this document", { type: "object" }), ...problems };
  }
}

function repliesOf({ replies, wait }: MessageCall, domain: Domain, parts: AnswerParts): Doc {
  if (wait === "none")
    return { 202: json("it is published; what becomes of it is told at Location", parts.describe(Accepted)) };
  const byStatus = groupBy(replies, (reply) => statusOf(reply, domain));
  return Object.fromEntries(
    [...byStatus].map(([status, same]) => [
      status,
      { description: same.map(textOf).join("; "), ...bodiesOf(same, status, parts) },
    ]),
  );
}

/** A reply without a view has no body, and from 400 on is a problem. A problem may be any other of the same status. */
function bodiesOf(replies: readonly ReplySpec[], status: number, { problem, describe }: AnswerParts): Doc {
  const views = [...new Set(replies.flatMap(({ view }) => view ?? []))];
  const schemas = views.map(({ answers }) => describe(answers));
  const content = {
    ...(schemas.length > 0 && { "application/json": { schema: oneOf(schemas) } }),
    ...(status >= 400 && problem),
  };
  return Object.keys(content).length === 0 ? {} : { content };
}

const oneOf = (schemas: readonly Doc[]): Doc => (schemas.length === 1 ? (schemas[0] ?? {}) : { anyOf: schemas });

const statusOf = (reply: ReplySpec, { refusals }: Domain): number =>
  statusOfReply(reply, "refusal" in reply.fits ? kindOfRefusal(refusals, reply.fits.refusal) : undefined);

function textOf({ fits }: ReplySpec): string {
  if ("event" in fits) return fits.event;
  if ("refusal" in fits) return `declined: ${fits.refusal}`;
  if ("deadLetter" in fits) return "it can't be processed";
  return fits.states ? `no change, in ${fits.states.map((state) => state ?? "null").join(", ")}` : "no change";
}

const contentOf = ({ functions }: FunctionCall, describe: Describe): Doc =>
  Object.fromEntries(
    functions.map(({ mediaType, run }) => [mediaType || "application/json", { schema: describe(run.answers) }]),
  );
