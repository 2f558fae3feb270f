import swagger from "@fastify/swagger";
import { fastify, type FastifyInstance } from "fastify";
import { jsonSchemaTransform, validatorCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import type { z } from "zod";
import type { Host } from "../../host/compose.ts";
import { VALUE_BYTES_MAX } from "../../../runtime/core/incoming-json.ts";
import { ContractChecker } from "../../contract-check/contract-checker.ts";
import { VERSION } from "../../version.ts";
import { addContractCheckRoutes } from "../contracts/contract-check.routes.ts";
import { addContractFileRoutes, addContractRoutes } from "../contracts/contracts.routes.ts";
import { addReloadRoutes } from "../contracts/reload.routes.ts";
import { addDeadLetterRoutes } from "../dead-letters/dead-letters.routes.ts";
import { addDocumentRoutes, addServerDocumentRoutes } from "../docs/docs.routes.ts";
import { addStateCountRoutes } from "../entities/entity-counts.ts";
import { addEntityRoutes } from "../entities/entities.routes.ts";
import { addEventRoutes } from "../events/events.routes.ts";
import { addStreamRoutes } from "../events/stream.routes.ts";
import { addDoctorRoutes, addDomainDoctorRoute } from "../health/doctor.routes.ts";
import { addHealthRoutes } from "../health/health.routes.ts";
import { addHoldRoutes } from "../health/holds.routes.ts";
import { addJournalRoutes } from "../journal/journal.routes.ts";
import { addMetricsRoutes } from "../metrics/metrics.routes.ts";
import { addOverviewRoutes } from "../overview/overview.routes.ts";
import { addPageRoutes } from "../page/page.routes.ts";
import { addAuthentication, addAuthorization } from "./access.ts";
import { addBrowserGuard } from "./browser-guard.ts";
import { type DomainApi, openDomainApi } from "./domain-api.ts";
import { addDomainListRoute, atRoot, DOMAINS_PATH, domainPath, unknownDomainProblem } from "./domains.ts";
import { addJsonBodyParser } from "./json-body.ts";
import { Problem, problemOf, sendProblem } from "./problem.ts";
import { addRateLimit, RateLimit } from "./rate-limit.ts";
import type { Http } from "./route-types.ts";

const REQUEST_TIMEOUT_MS = 15_000;
/** Entity ids have at most 255 characters, each at most 3 when percent-encoded; longer ones are refused by name. */
const PARAM_LENGTH_MAX = 1_024;

export interface HttpServerOptions {
  /** Called for errors that are defects, which the answer does not describe. */
  readonly onInternalError?: (error: unknown, route: string) => void;
  /** Time limit for receiving a whole request. */
  readonly requestTimeoutMs?: number;
}

type ServedHost = Omit<Host, "system" | "start" | "stop">;

/** The HTTP interface of a host, not yet listening. `close()` ends streams and waiting requests. */
export function createHttpServer(
  host: ServedHost,
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
  const { config, clock, systems } = host;
  const names = systems.map(({ name }) => name);
  server.setNotFoundHandler((request, reply) => {
    const noRoute = new Problem("not-found", `no route for ${request.method} here: see /openapi.json`);
    sendProblem(request, reply, unknownDomainProblem(request, names) ?? noRoute);
  });
  addJsonBodyParser(server);
  addBrowserGuard(server, config);
  addAuthentication(server, config.ROLLCALL_API_TOKENS);
  addRateLimit(server, new RateLimit(config.ROLLCALL_HTTP_RATE_MAX, clock));
  addAuthorization(server, new Set(systems.map(({ domain }) => domain.entityIdField)));
  const root = atRoot(systems);
  registerOpenApi(server, root?.name);
  const checker = new ContractChecker();
  const openStreams = { count: 0 };
  const domains = systems.map((system) => openDomainApi(system, { checker, openStreams, troubles: host.troubles }));
  server.addHook("preClose", async () => {
    for (const { streams } of domains) streams.close();
    checker.close();
  });
  server.addHook("onClose", async () => domains.forEach(({ close }) => close()));
  void server.register(async (scope) =>
    addRoutes(scope.withTypeProvider<ZodTypeProvider>(), host, domains, root?.name),
  );
  return server;
}

/** @param root the domain whose paths need no name, if there is one */
function addRoutes(http: Http, host: ServedHost, domains: readonly DomainApi[], root: string | undefined): void {
  // For each path prefix a scope of its own.
  const within = (prefix: string, add: (scope: Http) => void | Promise<void>): void =>
    void http.register(async (scope) => add(scope.withTypeProvider<ZodTypeProvider>()), { prefix });
  const first = domains.find(({ system }) => system.name === root) ?? (domains[0] as DomainApi);
  addMetricsRoutes(http, domains, host.troubles);
  addHealthRoutes(http, host);
  addDoctorRoutes(http, host);
  addPageRoutes(
    http,
    domains.map(({ system }) => system),
  );
  addServerDocumentRoutes(http);
  addDomainListRoute(http, domains);
  within("", (scope) =>
    addDocumentRoutes(scope, first.system, root === undefined ? domainPath(first.system.name) : ""),
  );
  for (const api of domains) {
    const { name, module } = api.system;
    within(domainPath(name), (scope) => {
      addDomainRoutes(scope, api);
      addDomainDoctorRoute(scope, host, api.system);
      addDocumentRoutes(scope, api.system, domainPath(name));
    });
    // A module that wants these paths has routes of its own for messages and entities.
    if (name === root)
      within("/api/v1", (scope) => (module.isAtRoot ? addOperatorRoutes : addDomainRoutes)(scope, api));
    within("", (scope) => module.routes?.(scope, api));
  }
}

function addDomainRoutes(http: Http, api: DomainApi): void {
  addOperatorRoutes(http, api);
  addEventRoutes(http, api);
  addStreamRoutes(http, api);
  addEntityRoutes(http, api);
}

/** What operators ask of a domain. */
function addOperatorRoutes(http: Http, api: DomainApi): void {
  addOverviewRoutes(http, api);
  addDeadLetterRoutes(http, api);
  addJournalRoutes(http, api);
  addHoldRoutes(http, api);
  addReloadRoutes(http, api);
  addContractRoutes(http, api);
  addContractCheckRoutes(http, api);
  addStateCountRoutes(http, api);
  addContractFileRoutes(http, api);
}

/** @param root the domain of the paths that name none */
function registerOpenApi(server: FastifyInstance, root: string | undefined): void {
  void server.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Rollcall",
        version: VERSION,
        description:
          "Domains of entities, run from contracts. Errors are RFC 9457 problems (application/problem+json).",
        license: { name: "Apache-2.0" },
      },
      components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
      security: [{ token: [] }, {}],
    },
    transform: (route) => {
      const { schema, url } = jsonSchemaTransform(route);
      const [, isApi, named] = /^(\/api\/v1\/)(?:domains\/([^/]+)\/)?/.exec(url) ?? [];
      const tag = named ?? (isApi && url !== DOMAINS_PATH ? root : undefined);
      const described = {
        ...schema,
        ...(tag !== undefined && { tags: [tag] }),
        "x-access": route.route.config?.access,
      };
      return { schema: described, url };
    },
  });
}
