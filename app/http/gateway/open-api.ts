import type { FastifyReply, FastifyRequest } from "fastify";
import type { Domain } from "../../../runtime/core/domain.ts";
import { kindOfRefusal } from "../../../runtime/core/refusal.ts";
import type { CallSpec, FunctionCall, GatewaySpec, MessageCall, ReplySpec } from "../../../runtime/core/gateway.ts";
import { payloadSchema, shapeSchema } from "../../../runtime/contract/documents/payload-schema.ts";
import { statusOfReply } from "../../../runtime/gateway/replies.ts";
import { groupBy } from "../../../runtime/shell/group-by.ts";
import { VERSION } from "../../version.ts";
import { ProblemSchema } from "../server/problem.ts";
import { type GatewayContext, routedOf } from "./gateway-context.ts";
import { parametersOfCall } from "./open-api-parameters.ts";
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
    const operation = operationOf(context, call, problemOf(gateway));
    const body = call.does.kind === "message" && bodyOf(context, call, call.does, schemas);
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
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
    },
  };
}

const descriptionOf = (description: string | undefined): Doc => (description ? { description } : {});

/** What problems are written as, by media type: RFC 9457's form, unless a function of the gateway writes them. */
const problemOf = (gateway: GatewaySpec | undefined): Doc =>
  gateway?.errors
    ? { "application/json": { schema: {} } }
    : { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } };

function operationOf(context: GatewayContext, call: CallSpec, problem: Doc): Doc {
  const { does, access } = call;
  const { domain } = context.domain(call.domain).system;
  return {
    operationId: call.operation,
    tags: [call.gateway],
    ...(call.summary !== undefined && { summary: call.summary }),
    "x-access": access,
    security: access === "public" ? [{}] : [{ token: [] }],
    parameters: parametersOfCall(call, domain),
    responses: responsesOf(does, domain, problem),
  };
}

/** @param shared gets what the schema refers to: in OpenAPI a reference begins at the document */
function bodyOf(
  context: GatewayContext,
  { domain, operation }: CallSpec,
  { payload, message }: MessageCall,
  shared: Record<string, unknown>,
): Doc {
  const { messages } = context.domain(domain).system;
  const definition = messages.find(({ messageType }) => messageType === message);
  const schema = payload?.body ? shapeSchema(payload.body) : definition && payloadSchema(definition, "draft-2020-12");
  const text = JSON.stringify(schema ?? {}).replaceAll(
    '"$ref":"#/$defs/',
    `"$ref":"#/components/schemas/${operation}.`,
  );
  const { $defs = {}, ...own } = JSON.parse(text) as Doc & { readonly $defs?: Doc };
  for (const [name, definition] of Object.entries($defs)) shared[`${operation}.${name}`] = definition;
  return { content: { "application/json": { schema: own } } };
}

const ANY: Doc = { schema: {} };
const json = (description: string): Doc => ({ description, content: { "application/json": ANY } });

function responsesOf(does: CallSpec["does"], domain: Domain, problem: Doc): Doc {
  const answer = { description: "a problem", content: problem };
  const problems = { "4XX": answer, "5XX": answer };
  switch (does.kind) {
    case "message":
      return { ...repliesOf(does, domain, problem), ...problems };
    case "follows":
      return {
        200: { description: "events", content: { "text/event-stream": { schema: { type: "string" } } } },
        ...problems,
      };
    case "call": {
      // A function says with which status it answers.
      const content = contentOf(does);
      const either = { description: "the answer, or a problem", content: { ...content, ...problem } };
      return { 200: { description: "the answer", content }, "2XX": either, "4XX": either, "5XX": either };
    }
    case "entity":
      return { 200: json("the entity"), ...(does.etag && { 304: { description: "as it was seen" } }), ...problems };
    default:
      return { 200: json("the list"), ...problems };
  }
}

function repliesOf({ replies, wait }: MessageCall, domain: Domain, problem: Doc): Doc {
  if (wait === "none") return { 202: json("it is published; what becomes of it is told at Location") };
  const byStatus = groupBy(replies, (reply) => statusOf(reply, domain));
  return Object.fromEntries(
    [...byStatus].map(([status, same]) => [
      status,
      { description: same.map(textOf).join("; "), ...bodiesOf(same, status, problem) },
    ]),
  );
}

/** A reply without a view has no body, and from 400 on is a problem. A problem may be any other of the same status. */
function bodiesOf(replies: readonly ReplySpec[], status: number, problem: Doc): Doc {
  const content = {
    ...(replies.some(({ view }) => view) && { "application/json": ANY }),
    ...(status >= 400 && problem),
  };
  return Object.keys(content).length === 0 ? {} : { content };
}

const statusOf = (reply: ReplySpec, { refusals }: Domain): number =>
  statusOfReply(reply, "refusal" in reply.fits ? kindOfRefusal(refusals, reply.fits.refusal) : undefined);

function textOf({ fits }: ReplySpec): string {
  if ("event" in fits) return fits.event;
  if ("refusal" in fits) return `declined: ${fits.refusal}`;
  if ("deadLetter" in fits) return "it can't be processed";
  return fits.states ? `no change, in ${fits.states.map((state) => state ?? "null").join(", ")}` : "no change";
}

const contentOf = ({ functions }: FunctionCall): Doc =>
  Object.fromEntries(functions.map(({ mediaType }) => [mediaType || "application/json", ANY]));
