import { randomUUID } from "node:crypto";
import type { ConsulClient } from "./consul-client.ts";
import { backendUnavailable } from "../service-catalog/faults.ts";
import { NO_ADDRESS } from "./service-plan.ts";
import { deploymentMark, type DeploymentScope } from "../service-catalog/service-registry.ts";
import { type ConsulNode, type Operation, transact } from "./transaction.ts";

/** The first operation of every transaction: it fails unless the node has the index that we know. */
export interface NodeGuard {
  readonly json: string;
}

const ATTEMPTS_MAX = 4;

/**
 * The node of our services, and the fence for their writes. A write whose outcome is unknown may still arrive at
 * Consul, and could bring back a service that is removed next. So the node's index is advanced before anything else is
 * written, and every transaction that was sent earlier fails. Other processes share the node and then read its index
 * again. One per process: the domains of a process share it.
 */
export class ExternalNode {
  readonly name: string;
  readonly #client: ConsulClient;
  /** The mark of the installation: services have the marks of their domains. */
  readonly owner: string;
  #guard: Promise<NodeGuard> | undefined;
  // A process that ran before this one may have been killed while its writes were pending.
  #mustAdvanceIndex = true;

  constructor(client: ConsulClient, scope: DeploymentScope) {
    this.#client = client;
    this.owner = deploymentMark(scope);
    this.name = ["rollcall", scope.env, scope.namespace].filter(Boolean).join("-");
  }

  /** @throws Fault UNAVAILABLE, retryable: no answer, or the node belongs to someone else */
  guard(signal: AbortSignal): Promise<NodeGuard> {
    if (this.#guard === undefined) {
      const guard = this.#acquire(signal);
      this.#guard = guard;
      guard.catch(() => this.#forget(guard));
    }
    return this.#guard;
  }

  /** Called when the outcome of a transaction with this guard is unknown. */
  async invalidateAndFence(guard: NodeGuard): Promise<void> {
    if ((await this.#guard?.catch(() => undefined)) !== guard) return;
    this.#mustAdvanceIndex = true;
    this.#guard = undefined;
  }

  /** Called when the guard failed: another process advanced the index, or the node was deleted. */
  async invalidate(guard: NodeGuard): Promise<void> {
    if ((await this.#guard?.catch(() => undefined)) === guard) this.#guard = undefined;
  }

  #forget(guard: Promise<NodeGuard>): void {
    if (this.#guard === guard) this.#guard = undefined;
  }

  async #acquire(signal: AbortSignal): Promise<NodeGuard> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const found = await this.#read(signal);
      if (found !== undefined && found.Meta?.["rollcall_owner"] !== this.owner)
        throw backendUnavailable(foreignNode(this.name, this.owner));
      const node = found !== undefined && !this.#mustAdvanceIndex ? found : await this.#advanceIndex(found, signal);
      if (node === undefined) continue;
      this.#mustAdvanceIndex = false;
      return { json: JSON.stringify(setIfUnchanged(node)) };
    }
    throw backendUnavailable(`other processes changed Consul's node ${this.name} in each of ${ATTEMPTS_MAX} tries`);
  }

  async #read(signal: AbortSignal): Promise<ConsulNode | undefined> {
    const get: Operation = { Node: { Verb: "get", Node: { Node: this.name } } };
    const answer = await transact(this.#client, JSON.stringify(get), signal);
    if (answer.kind === "applied" && answer.results[0]?.Node !== undefined) return answer.results[0].Node;
    if (answer.kind === "refused" && answer.problems[0]?.kind === "missing") return undefined;
    throw backendUnavailable(`Consul's node ${this.name} could not be read: ${describeFailure(answer)}`);
  }

  /** Undefined: another process changed the node first. */
  async #advanceIndex(found: ConsulNode | undefined, signal: AbortSignal): Promise<ConsulNode | undefined> {
    const ownMeta = { "external-node": "true", "external-probe": "false", rollcall_owner: this.owner };
    const node: ConsulNode = {
      Node: this.name,
      Address: NO_ADDRESS,
      Meta: { ...found?.Meta, ...ownMeta, rollcall_fence: randomUUID() },
      ModifyIndex: found?.ModifyIndex ?? 0,
    };
    const answer = await transact(this.#client, JSON.stringify(setIfUnchanged(node)), signal);
    if (answer.kind === "applied" && answer.results[0]?.Node !== undefined) return answer.results[0].Node;
    if (answer.kind === "refused" && answer.problems[0]?.kind === "conflict") return undefined;
    throw backendUnavailable(`Consul's node ${this.name} could not be written: ${describeFailure(answer)}`);
  }
}

export const foreignNode = (name: string, owner: string): string =>
  `Consul's node ${name} belongs to another owner: it lacks the meta rollcall_owner=${owner}`;

const setIfUnchanged = (node: ConsulNode): Operation => ({ Node: { Verb: "cas", Node: node } });

const describeFailure = (answer: Awaited<ReturnType<typeof transact>>): string => {
  if (answer.kind === "applied") return "the token may not read it";
  return answer.kind === "invalid_request" ? answer.what : (answer.problems[0]?.message ?? "");
};
