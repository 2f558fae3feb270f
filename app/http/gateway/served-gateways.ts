import { compileGateways } from "../../../runtime/contract/compile/compile-gateways.ts";
import type { DomainModel } from "../../../runtime/contract/model/domain-model.ts";
import { parseRoute } from "../../../runtime/contract/language/route-pattern.ts";
import type { CallAccess, CallSpec, GatewaySpec } from "../../../runtime/core/gateway.ts";
import { RouteTable } from "../../../runtime/gateway/route-table.ts";
import type { System } from "../../host/compose.ts";
import { DOMAINS_PATH } from "../server/domains.ts";
import { admissionOf } from "./networks.ts";

/** What one listener serves, under the contracts that are in force. */
export interface Served {
  readonly gateways: readonly GatewaySpec[];
  readonly table: RouteTable;
  readonly calls: readonly CallSpec[];
  readonly origins: ReadonlySet<string>;
  /** Whether the address may use the port. */
  readonly admits: (address: string) => boolean;
}

/** The gateways of the domains of a process, as the contracts in force have them. */
export class ServedGateways {
  readonly #systems: readonly Pick<System, "model">[];
  #models: readonly DomainModel[] = [];
  #gateways: readonly GatewaySpec[] = [];
  readonly #served = new Map<string, Served>();

  constructor(systems: readonly Pick<System, "model">[]) {
    this.#systems = systems;
  }

  get all(): readonly GatewaySpec[] {
    const models = this.#systems.map(({ model }) => model);
    if (models.some((model, index) => model !== this.#models[index])) {
      this.#models = models;
      this.#gateways = models.flatMap(compileGateways);
      this.#served.clear();
    }
    return this.#gateways;
  }

  /** At one port. A request that is under way keeps what it was given when a reload changes it. */
  of(...listeners: readonly string[]): Served {
    const gateways = this.all.filter(({ listener }) => listeners.includes(listener.name));
    const key = listeners.join(" ");
    const known = this.#served.get(key);
    if (known) return known;
    const own = gateways.flatMap(({ calls }) => calls);
    // The contract's own paths come last: of two with the same path the last counts.
    const calls = [...messageCalls(own), ...openApiCall(own), ...own];
    const served = {
      ...{ gateways, calls: own, table: new RouteTable(calls) },
      origins: new Set(gateways.flatMap((gateway) => gateway.listener.origins)),
      // Those of one listener have the same.
      admits: admissionOf(gateways.flatMap((gateway) => gateway.listener.networks ?? [])),
    };
    this.#served.set(key, served);
    return served;
  }
}

const accessOf = (calls: readonly CallSpec[]): CallAccess => {
  const access = calls.map((call) => call.access);
  return access.includes("public") ? "public" : [...new Set(access.flat())];
};

/** What is served is described to all who may use some of it. */
function openApiCall(calls: readonly CallSpec[]): readonly CallSpec[] {
  const [first] = calls;
  if (!first) return [];
  const { segments, path } = parseRoute("GET /openapi.json");
  return [
    {
      ...first,
      operation: "openApi",
      summary: "What is served here",
      method: "GET",
      segments,
      path,
      access: accessOf(calls),
      limit: undefined,
      does: { kind: "open_api" },
    },
  ];
}

/** What became of a message is told where it was taken, to all who may send one there. */
function messageCalls(calls: readonly CallSpec[]): readonly CallSpec[] {
  const sending = calls.filter(({ does }) => does.kind === "message");
  return [...new Set(sending.map(({ domain }) => domain))].map((domain) => {
    const own = sending.filter((call) => call.domain === domain);
    const { owner = domain, gateway = "" } = own[0] ?? {};
    const route = parseRoute(`GET ${DOMAINS_PATH}/${domain}/entities/{entity_id}/messages/{message_id}`);
    return {
      ...{ operation: `${domain}Message`, summary: "What became of a message", gateway, owner, domain },
      ...{ method: "GET", segments: route.segments, path: route.path, limit: undefined },
      access: accessOf(own),
      does: { kind: "message_status" },
    };
  });
}
