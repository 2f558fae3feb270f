import swagger from "@fastify/swagger";
import { fastify, type FastifyInstance } from "fastify";
import { jsonSchemaTransform, validatorCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import type { z } from "zod";
import type { Host, System } from "../../host/compose.ts";
import { VALUE_BYTES_MAX } from "../../../runtime/core/incoming-json.ts";
import { addAuthentication, addAuthorization } from "./access.ts";
import { addContractCheckRoutes } from "../contracts/contract-check.routes.ts";
import { addContractFileRoutes, addContractRoutes } from "../contracts/contracts.routes.ts";
import { addDeadLetterRoutes } from "../dead-letters/dead-letters.routes.ts";
import { addDocsRoutes } from "../docs/docs.routes.ts";
import { addDoctorRoutes } from "../health/doctor.routes.ts";
import { addEventRoutes } from "../events/events.routes.ts";
import { addExplanationRoutes } from "../entities/explanation.routes.ts";
import { addBrowserGuard } from "./browser-guard.ts";
import { addHealthRoutes } from "../health/health.routes.ts";
import { addHoldRoutes } from "../health/holds.routes.ts";
import { addJournalRoutes } from "../journal/journal.routes.ts";
import { addJsonBodyParser } from "./json-body.ts";
import { addMetricsRoutes } from "../metrics/metrics.routes.ts";
import { addStateCountRoutes, NodeCounts } from "../entities/node-counts.ts";
import { addOverviewRoutes } from "../overview/overview.routes.ts";
import { addPageRoutes } from "../page/page.routes.ts";
import { Problem, problemOf, sendProblem } from "./problem.ts";
import { addRateLimit, RateLimit } from "./rate-limit.ts";
import { addRegistrationRoutes } from "../entities/registrations.routes.ts";
import { addReloadRoutes } from "../contracts/reload.routes.ts";
import { addServiceRoutes } from "../entities/services.routes.ts";
import { addStreamRoutes } from "../events/stream.routes.ts";
import { addTimelineRoutes } from "../entities/timeline.ts";
import { VERSION } from "../../version.ts";

const REQUEST_TIMEOUT_MS = 15_000;
/** Node ids have at most 255 characters, each of at most 3 when percent-encoded; longer ones are refused by name. */
const PARAM_LENGTH_MAX = 1_024;

export interface HttpServerOptions {
  /** Called for errors that are defects, which the answer does not describe. */
  readonly onInternalError?: (error: unknown, route: string) => void;
  /** Time limit for receiving a whole request. */
  readonly requestTimeoutMs?: number;
}

/** The HTTP interface of a host, not yet listening. `close()` ends streams and waiting requests. */
export function createHttpServer(
  host: Omit<Host, "system" | "start" | "stop">,
  { onInternalError, requestTimeoutMs: requestTimeout = REQUEST_TIMEOUT_MS }: HttpServerOptions = {},
): FastifyInstance {
  const server = fastify({
    bodyLimit: VALUE_BYTES_MAX,
    requestTimeout,
    keepAliveTimeout: 70_000,
    http: { connectionsCheckingInterval: Math.min(1_000, requestTimeout), headersTimeout: requestTimeout },
    forceCloseConnections: true,
    routerOptions: { maxParamLength: PARAM_LENGTH_MAX },
    frameworkErrors: (error, request, reply) => sendProblem(request, reply, problemOf(error)),
  });
  // Routes check bodies themselves, with the runtime's own error texts.
  server.setValidatorCompiler<z.ZodType>((route) =>
    route.httpPart === "body" ? (value) => ({ value }) : validatorCompiler(route),
  );
  // Answers are checked against their schemas by the compiler, not again for every request.
  server.setSerializerCompiler(() => (value) => JSON.stringify(value));
  server.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    if (problem.kind === "internal") onInternalError?.(error, `${request.method} ${request.routeOptions.url ?? ""}`);
    sendProblem(request, reply, problem);
  });
  server.setNotFoundHandler((request, reply) =>
    sendProblem(request, reply, new Problem("not-found", `no route for ${request.method} here: see /openapi.json`)),
  );
  addJsonBodyParser(server);
  const { config, clock, systems } = host;
  addBrowserGuard(server, config);
  addAuthentication(server, config.ROLLCALL_API_TOKENS);
  addRateLimit(server, new RateLimit(config.ROLLCALL_HTTP_RATE_MAX, clock));
  addAuthorization(server);
  registerOpenApi(server);
  const countsOf = new Map(systems.map((system) => [system, new NodeCounts(system)]));
  void server.register(async (scope) => {
    const http = scope.withTypeProvider<ZodTypeProvider>();
    addHealthRoutes(http, host);
    addDoctorRoutes(http, host);
    addMetricsRoutes(http, host, countsOf);
    for (const [system, counts] of countsOf)
      void http.register(async (inner) => addRoutes(inner, system, counts, host.troubles));
  });
  return server;
}

function addRoutes(scope: FastifyInstance, system: System, counts: NodeCounts, troubles: Host["troubles"]): void {
  const http = scope.withTypeProvider<ZodTypeProvider>();
  addOverviewRoutes(http, system, counts, troubles);
  addEventRoutes(http, system);
  addRegistrationRoutes(http, system);
  addTimelineRoutes(http, system);
  addExplanationRoutes(http, system);
  addStreamRoutes(http, system);
  addServiceRoutes(http, system);
  addDeadLetterRoutes(http, system);
  addJournalRoutes(http, system);
  addHoldRoutes(http, system);
  addReloadRoutes(http, system);
  addContractRoutes(http, system);
  addContractCheckRoutes(http, system);
  addStateCountRoutes(http, counts);
  addContractFileRoutes(http, system);
  addPageRoutes(http);
  addDocsRoutes(http, system);
}

function registerOpenApi(server: FastifyInstance): void {
  void server.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Rollcall",
        version: VERSION,
        description: "Registers nodes by contracts. Errors are RFC 9457 problems (application/problem+json).",
        license: { name: "Apache-2.0" },
      },
      components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
      security: [{ token: [] }, {}],
    },
    transform: (route) => {
      const { schema, url } = jsonSchemaTransform(route);
      return { schema: { ...schema, "x-access": route.route.config?.access } as typeof schema, url };
    },
  });
}
