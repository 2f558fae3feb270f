import type { Check } from "../service-catalog/messages.ts";
import { z } from "zod";
import type { InventoryEntry } from "../../runtime/core/drift.ts";
import {
  type ConsulResponse,
  type ConsulClient,
  type ConsulRequest,
  parseResponse,
  describeResponse,
} from "./consul-client.ts";
import { toFault, serviceRefused, backendUnavailable } from "../service-catalog/faults.ts";
import { ownedServicesOfAgent } from "./consul-inventory.ts";
import { chunksOf } from "./packing.ts";
import { NO_ADDRESS, checkIdOf, ownershipMeta, resultWithoutWrite } from "./service-plan.ts";
import {
  type WriteResult,
  ownerMark,
  type DomainScope,
  type ServiceChange,
  type ServiceInventory,
  type ServiceRegistry,
} from "../service-catalog/service-registry.ts";

const CONCURRENCY = 8;
/**
 * An agent requires a type of check. A TTL check sends no request to an address that a node chose; and ten years are
 * long enough that it never fails because Rollcall was down: only Rollcall changes its status.
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
 * `CONSUL_REGISTRATION=agent`: services on the agent's own node, for installations where the token may not write nodes.
 * Slower by more than an order of magnitude, with requests for each service, and without compare and set: each write
 * reads first, but overwrites a younger version that another process writes in between, until reconciliation repairs
 * it.
 */
export class ConsulAgentServices implements ServiceRegistry, ServiceInventory {
  readonly #client: ConsulClient;
  readonly #owner: string;

  constructor(client: ConsulClient, scope: DomainScope) {
    this.#client = client;
    this.#owner = ownerMark(scope);
  }

  async apply(changes: readonly ServiceChange[], signal: AbortSignal): Promise<readonly WriteResult[]> {
    const results: WriteResult[] = [];
    for (const group of chunksOf(changes, CONCURRENCY))
      results.push(...(await Promise.all(group.map((change) => this.#apply(change, signal).catch(toFault)))));
    return results;
  }

  list(signal: AbortSignal): Promise<readonly InventoryEntry[]> {
    return ownedServicesOfAgent(this.#client, this.#owner, signal);
  }

  async #apply(change: ServiceChange, signal: AbortSignal): Promise<WriteResult> {
    const found = await this.#find(change.serviceId, signal);
    const settledResult = resultWithoutWrite(change, found, this.#owner);
    if (settledResult !== undefined || (found === "absent" && change.kind !== "register"))
      return settledResult ?? "unchanged";
    const path = encodeURIComponent(change.serviceId);
    if (change.kind === "deregister") {
      await this.#put({ path: `/v1/agent/service/deregister/${path}` }, signal);
      return "written";
    }
    const check = change.kind === "register" ? change.entry.check : change.check;
    const service = change.kind === "register" ? this.#serviceOf(change) : withVersion(found, change.version);
    const body = JSON.stringify({ ...service, Check: checkOf(change.serviceId, check) });
    await this.#put({ path: "/v1/agent/service/register", query: { "replace-existing-checks": "true" }, body }, signal);
    // Registering again keeps the status of an existing check.
    const update = JSON.stringify({ Status: check.status, Output: check.note });
    const checkPath = encodeURIComponent(checkIdOf(change.serviceId));
    await this.#put({ path: `/v1/agent/check/update/${checkPath}`, body: update }, signal);
    return "written";
  }

  async #find(serviceId: string, signal: AbortSignal): Promise<AgentService | "absent"> {
    const path = `/v1/agent/service/${encodeURIComponent(serviceId)}`;
    const answer = await this.#client.send({ method: "GET", path }, signal);
    // Another server at this address may answer 404 too; Consul's answer names the id.
    if (answer.status === 404 && answer.text.includes(serviceId)) return "absent";
    if (answer.status !== 200) throw backendUnavailable(`Consul GET ${path}: ${describeResponse(answer)}`);
    return parseResponse(answer, AgentService);
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
      // Without an address, Consul would use the agent's own.
      Address: entry.address ?? NO_ADDRESS,
      Port: entry.port ?? 0,
      Meta: { ...entry.meta, ...ownershipMeta(this.#owner, version, entry.nodeId) },
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
  // Not as Output, which an agent sends to the servers only after minutes while the status is the same.
  Notes: note,
});

const faultOf = (path: string, answer: ConsulResponse) => {
  const isRefusal = path === "/v1/agent/service/register" && (answer.status === 400 || answer.status === 413);
  return isRefusal
    ? serviceRefused(`Consul refuses the service: ${describeResponse(answer)}`)
    : backendUnavailable(`Consul PUT ${path}: ${describeResponse(answer)}`);
};
