import { compileGateways } from "../../../runtime/contract/compile/compile-gateways.ts";
import type { DomainModel } from "../../../runtime/contract/model/domain-model.ts";
import { parseRoute } from "../../../runtime/contract/language/route-pattern.ts";
import type { CallAccess, CallSpec, GatewaySpec } from "../../../runtime/core/gateway.ts";
import { type Match, RouteTable } from "../../../runtime/gateway/route-table.ts";
import type { System } from "../../host/compose.ts";
import { DOMAINS_PATH } from "../server/domains.ts";
import type { PerListener } from "../../host/listener-variables.ts";
import { admissionOf } from "./networks.ts";

/** From where a listener may be called. */
interface CallersPlaces {
  /** Of other sites, whose pages may. */
  readonly origins: ReadonlySet<string>;
  readonly admits: (address: string) => boolean;
}

/** What one port serves, under the contracts that are in force. */
export interface Served {
  readonly gateways: readonly GatewaySpec[];
  readonly table: RouteTable;
  readonly calls: readonly CallSpec[];
  /** Whether some calls are for everybody who is in one of its networks. */
  readonly trustsNetworks: boolean;
  /** Those of its listener; of the host's own port, where several may be joined, those of the one that is asked. */
  readonly placesFor: (match: Match | undefined) => CallersPlaces;
}

const ANYWHERE: CallersPlaces = { origins: new Set(), admits: () => true };

/** The gateways of the domains of a process, as the contracts in force have them. */
export class ServedGateways {
  readonly #systems: readonly Pick<System, "model">[];
  readonly #origins: PerListener<string> | undefined;
  #models: readonly DomainModel[] = [];
  #gateways: readonly GatewaySpec[] = [];
  readonly #served = new Map<string, Served>();

  /** @param origins instead of those of the contracts */
  constructor(systems: readonly Pick<System, "model">[], origins?: PerListener<string>) {
    this.#systems = systems;
    this.#origins = origins;
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
    const places = new Map(gateways.map((gateway) => [gateway.listener.name, this.#placesOf(gateway)]));
    const [only = ANYWHERE, another] = places.values();
    const served = {
      ...{ gateways, calls: own, table: new RouteTable(calls) },
      trustsNetworks: gateways.some(({ listener }) => listener.networks) && accessOf(own) === "public",
      placesFor: (match: Match | undefined) => {
        if (!another) return only;
        const gateway = match && gatewayOf(gateways, match.call);
        return (gateway && places.get(gateway.listener.name)) ?? ANYWHERE;
      },
    };
    this.#served.set(key, served);
    return served;
  }

  /** The gateways of one listener say the same. */
  #placesOf({ listener: { name, origins, networks = [] } }: GatewaySpec): CallersPlaces {
    return { origins: new Set(this.#origins?.all(name) ?? origins), admits: admissionOf(networks) };
  }
}

export const gatewayOf = (gateways: readonly GatewaySpec[], { gateway, owner }: CallSpec): GatewaySpec | undefined =>
  gateways.find(({ name, domain }) => name === gateway && domain === owner);

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
      linkParameter: undefined,
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
      ...{ access: accessOf(own), linkParameter: undefined },
      does: { kind: "message_status" },
    };
  });
}
