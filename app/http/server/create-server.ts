import { createServer as createPlainServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { validatorCompiler } from "fastify-type-provider-zod";
import { v7 } from "uuid";
import type { z } from "zod";
import type { ReadCertificate } from "../../host/tls-files.ts";
import { VALUE_BYTES_MAX } from "../../../runtime/core/incoming-json.ts";
import { type Problem, problemOf, sendProblem } from "./problem.ts";

const REQUEST_TIMEOUT_MS = 15_000;
const KEEP_ALIVE_MS = 70_000;
/** A client that has not said by then what it can is cut. */
const HANDSHAKE_MS = 10_000;
/** Entity ids have at most 255 characters, each at most 3 when percent-encoded; longer ones are refused by name. */
const PARAM_LENGTH_MAX = 1_024;
/** What of a caller's own id is safe to write into headers and log lines. */
const REQUEST_ID = /^[A-Za-z0-9._:~+/=-]{1,128}$/;

/** How a port is opened. */
export interface Port {
  /** Undefined: without TLS. */
  readonly certificate: ReadCertificate | undefined;
  /** Further ones are closed at once. */
  readonly connectionsMax: number;
  /** Called for each server of the port: `localhost` has one an address. */
  readonly onServer: (server: Server) => void;
}

export interface ServerOptions {
  readonly port: Port;
  /** Called for errors that are defects, which the answer does not describe. */
  readonly onInternalError?: ((error: unknown, route: string, request: RequestFacts) => void) | undefined;
  /** Time limit for receiving a whole request. */
  readonly requestTimeoutMs?: number | undefined;
  /** Addresses whose forwarded headers count. */
  readonly proxies?: readonly string[] | undefined;
  /** How a problem is sent. */
  readonly send?: ((request: FastifyRequest, reply: FastifyReply, problem: Problem) => void) | undefined;
}

/** What a log line tells of a request. */
interface RequestFacts {
  readonly requestId: string;
  readonly address: string;
}

/** An HTTP server as each one of a process is: ids of requests, limits, how problems are answered. Without routes. */
export function createServer({
  onInternalError,
  port,
  proxies,
  send = sendProblem,
  ...options
}: ServerOptions): FastifyInstance {
  const { requestTimeoutMs: requestTimeout = REQUEST_TIMEOUT_MS } = options;
  const server = fastify({
    bodyLimit: VALUE_BYTES_MAX,
    serverFactory: (handle) => makeServer(port, requestTimeout, handle),
    // The factory makes the server: this only tells how the address begins.
    ...(port.certificate && { https: {} }),
    forceCloseConnections: true,
    routerOptions: { maxParamLength: PARAM_LENGTH_MAX },
    trustProxy: proxies ? [...proxies] : false,
    requestIdHeader: false,
    genReqId: requestIdOf,
    frameworkErrors: (error, request, reply) => sendProblem(request, reply, problemOf(error)),
  });
  // Routes check bodies themselves, with the runtime's own error texts.
  server.setValidatorCompiler<z.ZodType>((route) =>
    route.httpPart === "body" ? (value) => ({ value }) : validatorCompiler(route),
  );
  // Answers are checked against their schemas by the compiler, not again for every request.
  server.setSerializerCompiler(() => (value) => JSON.stringify(value));
  server.addHook("onRequest", async ({ id }, reply) => void reply.header("x-request-id", id));
  server.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    const facts = { requestId: request.id, address: request.ip };
    if (problem.kind === "internal")
      onInternalError?.(error, `${request.method} ${request.routeOptions.url ?? ""}`, facts);
    send(request, reply, problem);
  });
  return server;
}

/** Without HTTP/2: what browsers and proxies speak to it is HTTP/1.1. */
function makeServer(
  { certificate, connectionsMax, onServer }: Port,
  requestTimeout: number,
  handle: RequestListener,
): Server {
  const timeouts = {
    ...{ requestTimeout, headersTimeout: requestTimeout, keepAliveTimeout: KEEP_ALIVE_MS },
    connectionsCheckingInterval: Math.min(1_000, requestTimeout),
  };
  const server = certificate
    ? createTlsServer({ ...timeouts, ...certificate.options, handshakeTimeout: HANDSHAKE_MS }, handle)
    : createPlainServer(timeouts, handle);
  server.maxConnections = connectionsMax;
  onServer(server);
  return server;
}

/** The caller's, if it has one that is harmless. */
function requestIdOf({ headers }: Pick<IncomingMessage, "headers">): string {
  const given = headers["x-request-id"];
  return typeof given === "string" && REQUEST_ID.test(given) ? given : v7();
}
