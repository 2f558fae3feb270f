import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type Problem, type ProblemBody, sendProblem } from "../server/problem.ts";
import { runCommand } from "./command.ts";
import { type AnsweredCall, type GatewayContext, NO_CALL, routedOf } from "./gateway-context.ts";
import { showOpenApi } from "./open-api.ts";
import { showList } from "./lists.ts";
import { callFunction, showEntity, showMessageStatus } from "./queries.ts";
import { makeLink } from "./share-links.ts";
import type { Served } from "./served-gateways.ts";
import { streamEvents } from "./stream.ts";

export const ANY_PATH = "/*";
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** One route for all calls: which call a request is for was found before. */
export function addGatewayRoutes(http: FastifyInstance, context: GatewayContext): void {
  http.addHook("onResponse", async (request, reply) => {
    // Also called for what broke off, unless its connection has just closed.
    if (reply.raw.writableFinished) tell(context, request, reply, "sent");
  });
  http.route({
    method: METHODS,
    url: ANY_PATH,
    exposeHeadRoute: false,
    // `addRouting` counts for limits, and `addAdmission` asks who may use the call.
    config: { access: "anyone", unlimited: true },
    schema: { hide: true },
    handler(request, reply) {
      const answered = new Promise<void>((resolve) => void reply.raw.once("close", resolve));
      context.answering.add(answered);
      void answered.then(() => {
        context.answering.delete(answered);
        if (!reply.raw.writableFinished) tell(context, request, reply, endOfUnfinished(context, request));
      });
      return answer(context, request, reply);
    },
  });
}

function tell(
  { onAnswered }: GatewayContext,
  { routed }: FastifyRequest,
  { statusCode: status, elapsedTime }: FastifyReply,
  end: AnsweredCall["end"],
): void {
  const { gateway, operation } = routed?.call ?? NO_CALL;
  onAnswered({ gateway, operation, status, end, seconds: elapsedTime / 1_000 });
}

function endOfUnfinished({ cut }: GatewayContext, request: FastifyRequest): AnsweredCall["end"] {
  // A stream has no other end than that its reader leaves.
  if (routedOf(request).call.does.kind === "follows") return "sent";
  return cut.has(request) ? "cut" : "left";
}

function answer(context: GatewayContext, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | void> {
  const { does } = routedOf(request).call;
  switch (does.kind) {
    case "message":
      return runCommand(context, request, reply, does);
    case "entity":
      return showEntity(context, request, reply, does);
    case "projection":
      return showList(context, request, reply, does);
    case "call":
      return callFunction(context, request, reply, does);
    case "share":
      return makeLink(context, request, reply, does);
    case "follows":
      return streamEvents(context, request, reply, does);
    case "open_api":
      return showOpenApi(context, request, reply);
    case "message_status":
      return showMessageStatus(context, request, reply);
  }
}

/** Sends a problem as the gateway writes them: the call's, or the one below whose path the request was. */
export const problemSender =
  (served: () => Served) =>
  (request: FastifyRequest, reply: FastifyReply, problem: Problem): void => {
    const path = request.url.split("?", 1)[0] ?? "";
    const below = served().gateways.filter(({ basePath }) => path === basePath || path.startsWith(`${basePath}/`));
    const { errors } = request.routed?.gateway ?? below[0] ?? {};
    const write = errors && ((body: ProblemBody) => errors({ ...body, requestId: request.id }));
    sendProblem(request, reply, problem, write);
  };
