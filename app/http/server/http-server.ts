import swagger from "@fastify/swagger";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { jsonSchemaTransform, type ZodTypeProvider } from "fastify-type-provider-zod";
import type { Host } from "../../host/compose.ts";
import { MAIN_LISTENER } from "../../host/listener-variables.ts";
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
import type { MeasuredGateways } from "../gateway/gateway-context.ts";
import { addHealthRoutes } from "../health/health.routes.ts";
import { addHoldRoutes } from "../health/holds.routes.ts";
import { addProjectionRoutes } from "../projections/projections.routes.ts";
import { addIntentRoutes } from "../intents/intents.routes.ts";
import { addJournalRoutes } from "../journal/journal.routes.ts";
import { addMetricsRoutes } from "../metrics/metrics.routes.ts";
import { addOverviewRoutes } from "../overview/overview.routes.ts";
import { addPageRoutes } from "../page/page.routes.ts";
import { addAuthentication, addAuthorization } from "./access.ts";
import { addBrowserGuard } from "./browser-guard.ts";
import { type DomainApi, openDomainApi } from "./domain-api.ts";
import { addDirectoryRoutes } from "../directory/directory.routes.ts";
import { addDomainListRoute, atRoot, DOMAINS_PATH, domainPath, unknownDomainProblem } from "./domains.ts";
import { addJsonBodyParser } from "./json-body.ts";
import { createServer, type ServerOptions } from "./create-server.ts";
import { portOf } from "./port.ts";
import { Problem, sendProblem } from "./problem.ts";
import { addRateLimit, RateLimit } from "./rate-limit.ts";
import type { Http } from "./route-types.ts";

export interface HttpServerOptions extends Pick<ServerOptions, "onInternalError" | "requestTimeoutMs"> {
  /** What else is served at the host's port. */
  readonly gateways?: MeasuredGateways & {
    addTo(http: FastifyInstance): void;
    allowsOrigin(request: FastifyRequest): boolean;
  };
}

type ServedHost = Omit<Host, "system" | "start" | "stop">;

/**
 * The HTTP interface of a host, not yet listening. `close()` ends streams and waiting requests.
 * @throws TlsFilesError for a certificate that can't be served
 */
export function createHttpServer(
  host: ServedHost,
  { onInternalError, requestTimeoutMs, gateways }: HttpServerOptions = {},
): FastifyInstance {
  const proxies = host.config.TRUSTED_PROXIES;
  const server = createServer({ port: portOf(host, MAIN_LISTENER), onInternalError, requestTimeoutMs, proxies });
  const { config, clock, systems } = host;
  const names = systems.map(({ name }) => name);
  server.setNotFoundHandler((request, reply) => {
    const noRoute = new Problem("not-found", `no route for ${request.method} here: see /openapi.json`);
    sendProblem(request, reply, unknownDomainProblem(request, names) ?? noRoute);
  });
  addJsonBodyParser(server);
  const { ROLLCALL_HTTP_HOST: address, ROLLCALL_API_TOKENS: tokens } = config;
  addBrowserGuard(server, {
    ...{ address, names: config.ROLLCALL_HTTP_NAMES?.all(MAIN_LISTENER), hasTokens: tokens !== undefined },
    allowsOrigin: (request) => gateways?.allowsOrigin(request) ?? false,
  });
  addAuthentication(server, tokens);
  addRateLimit(server, new RateLimit(config.ROLLCALL_HTTP_RATE_MAX.of(MAIN_LISTENER), clock));
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
    addRoutes(scope.withTypeProvider<ZodTypeProvider>(), host, domains, { root: root?.name, gateways }),
  );
  gateways?.addTo(server);
  return server;
}

interface Routed {
  /** The domain whose paths need no name, if there is one. */
  readonly root: string | undefined;
  readonly gateways: MeasuredGateways | undefined;
}

function addRoutes(http: Http, host: ServedHost, domains: readonly DomainApi[], { root, gateways }: Routed): void {
  // For each path prefix a scope of its own.
  const within = (prefix: string, add: (scope: Http) => void | Promise<void>): void =>
    void http.register(async (scope) => add(scope.withTypeProvider<ZodTypeProvider>()), { prefix });
  const first = domains.find(({ system }) => system.name === root) ?? (domains[0] as DomainApi);
  addMetricsRoutes(http, domains, host.troubles, gateways);
  addHealthRoutes(http, host);
  addDoctorRoutes(http, host);
  addPageRoutes(
    http,
    domains.map(({ system }) => system),
  );
  addServerDocumentRoutes(http);
  addDomainListRoute(http, domains);
  addDirectoryRoutes(http, host.store);
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
  addIntentRoutes(http, api);
  addHoldRoutes(http, api);
  addProjectionRoutes(http, api);
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
