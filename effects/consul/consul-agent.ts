import { z } from "zod";
import type { Check } from "../../contracts/registration/messages/intents.ts";
import { roundsOf } from "../distinct-target-rounds.ts";
import { type ConsulAnswer, type ConsulClient, type ConsulRequest, parsed, said } from "./consul-client.ts";
import { asFault, consulRefused, unavailable } from "../service-catalog/faults.ts";
import { heldByAgent } from "./consul-inventory.ts";
import { groupsOf } from "./packing.ts";
import { NO_ADDRESS, checkIdOf, metaOf, settled } from "./service-plan.ts";
import {
  type Ending,
  type Held,
  ownerMark,
  type Scope,
  type ServiceChange,
  type ServiceHoldings,
  type ServiceRegistry,
} from "../service-catalog/service-registry.ts";

const CONCURRENCY = 8;
/**
 * An agent takes no check without a type. A TTL check makes no request to an address that came from a node, and with
 * ten years of it our own outage is never held against a node: only we change its status.
 */
const TTL = "87600h";

const AgentService = z.object({
  ID: z.string(),
  Service: z.string(),
  Tags: z.array(z.string()).nullish(),
  Address: z.string().optional(),
  Port: z.number().optional(),
  Meta: z.record(z.string(), z.string()).nullish(),
  Weights: z.object({ Passing: z.number(), Warning: z.number() }).optional(),
  EnableTagOverride: z.boolean().optional(),
});
type AgentService = z.infer<typeof AgentService>;

/**
 * `CONSUL_REGISTRATION=agent`: services on the agent's own node, one request each, for where a token must not write
 * nodes. Slower by more than an order of magnitude, and without compare and set: each write reads first, but a younger
 * version that another process writes in between is written over, until reconciliation repairs it.
 */
export class ConsulAgentServices implements ServiceRegistry, ServiceHoldings {
  readonly #client: ConsulClient;
  readonly #owner: string;

  constructor(client: ConsulClient, scope: Scope) {
    this.#client = client;
    this.#owner = ownerMark(scope);
  }

  async apply(changes: readonly ServiceChange[], signal: AbortSignal): Promise<readonly Ending[]> {
    const endings = new Map<ServiceChange, Ending>();
    for (const round of roundsOf(changes, ({ serviceId }) => serviceId)) {
      for (const group of groupsOf(round, CONCURRENCY)) {
        const ends = group.map(async (change) => endings.set(change, await this.#apply(change, signal).catch(asFault)));
        await Promise.all(ends);
      }
    }
    return changes.map((change) => endings.get(change) ?? unavailable("not tried"));
  }

  held(signal: AbortSignal): Promise<readonly Held[]> {
    return heldByAgent(this.#client, this.#owner, signal);
  }

  async #apply(change: ServiceChange, signal: AbortSignal): Promise<Ending> {
    const found = await this.#find(change.serviceId, signal);
    const ending = settled(change, found, this.#owner);
    if (ending !== undefined || (found === "absent" && change.kind !== "register")) return ending ?? "unchanged";
    const path = encodeURIComponent(change.serviceId);
    if (change.kind === "deregister") {
      await this.#put({ path: `/v1/agent/service/deregister/${path}` }, signal);
      return "written";
    }
    const check = change.kind === "register" ? change.entry.check : change.check;
    const service = change.kind === "register" ? this.#serviceOf(change) : withVersion(found, change.version);
    const body = JSON.stringify({ ...service, Check: checkOf(change.serviceId, check) });
    await this.#put({ path: "/v1/agent/service/register", query: { "replace-existing-checks": "true" }, body }, signal);
    // A check that was there keeps its status over a registration.
    const update = JSON.stringify({ Status: check.status, Output: check.note });
    const checkPath = encodeURIComponent(checkIdOf(change.serviceId));
    await this.#put({ path: `/v1/agent/check/update/${checkPath}`, body: update }, signal);
    return "written";
  }

  async #find(serviceId: string, signal: AbortSignal): Promise<AgentService | "absent"> {
    const path = `/v1/agent/service/${encodeURIComponent(serviceId)}`;
    const answer = await this.#client.send({ method: "GET", path }, signal);
    // 404 is also what a stranger's server says; Consul names the id.
    if (answer.status === 404 && answer.text.includes(serviceId)) return "absent";
    if (answer.status !== 200) throw unavailable(`Consul GET ${path}: ${said(answer)}`);
    return parsed(answer, AgentService);
  }

  async #put(request: Omit<ConsulRequest, "method">, signal: AbortSignal): Promise<void> {
    const answer = await this.#client.send({ method: "PUT", ...request }, signal);
    if (answer.status !== 200) throw faultOf(request.path, answer);
  }

  #serviceOf({ serviceId, version, entry }: ServiceChange & { kind: "register" }) {
    return {
      ID: serviceId,
      Name: entry.name,
      Tags: entry.tags,
      // Left out, it would become the agent's own address.
      Address: entry.address ?? NO_ADDRESS,
      Port: entry.port ?? 0,
      Meta: metaOf(this.#owner, version, entry.nodeId),
    };
  }
}

function withVersion(found: AgentService | "absent", version: number) {
  if (found === "absent") return {};
  const { Service: Name, Meta, ...kept } = found;
  return { ...kept, Name, Meta: { ...Meta, rollcall_version: String(version) } };
}

const checkOf = (serviceId: string, { status, note }: Check) => ({
  CheckID: checkIdOf(serviceId),
  Name: "Rollcall",
  TTL,
  Status: status,
  // An agent keeps an output to itself for minutes while the status is the same.
  Notes: note,
});

const faultOf = (path: string, answer: ConsulAnswer) => {
  const isRefusal = path === "/v1/agent/service/register" && (answer.status === 400 || answer.status === 413);
  return isRefusal
    ? consulRefused(`Consul refuses the service: ${said(answer)}`)
    : unavailable(`Consul PUT ${path}: ${said(answer)}`);
};
