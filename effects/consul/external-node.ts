import { randomUUID } from "node:crypto";
import type { ConsulClient } from "./consul-client.ts";
import { backendUnavailable } from "../service-catalog/faults.ts";
import { NO_ADDRESS } from "./service-plan.ts";
import { ownerMark, type DeploymentScope } from "../service-catalog/service-registry.ts";
import { type ConsulNode, type Operation, transact } from "./transaction.ts";

/** The operation that leads every transaction: it fails unless the node is as we know it. */
export interface NodeGuard {
  readonly json: string;
}

const ATTEMPTS_MAX = 4;

/**
 * The node under which our services stand, and their fence. When the outcome of a write is unknown, it may still be on
 * its way; so the node's index is moved before anything else is written, and what was sent earlier can't land any more
 * (it could bring back a service that we remove next). Other processes share the node: they read its index again.
 */
export class ExternalNode {
  readonly name: string;
  readonly #client: ConsulClient;
  readonly #owner: string;
  #guard: Promise<NodeGuard> | undefined;
  // A predecessor that was killed may have left writes under way.
  #mustAdvanceIndex = true;

  constructor(client: ConsulClient, scope: DeploymentScope) {
    this.#client = client;
    this.#owner = ownerMark(scope);
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

  /** The outcome of a transaction with this guard is unknown. */
  async invalidateAndFence(guard: NodeGuard): Promise<void> {
    if ((await this.#guard?.catch(() => undefined)) !== guard) return;
    this.#mustAdvanceIndex = true;
    this.#guard = undefined;
  }

  /** The guard did not hold: another process moved the index, or the node is gone. */
  async invalidate(guard: NodeGuard): Promise<void> {
    if ((await this.#guard?.catch(() => undefined)) === guard) this.#guard = undefined;
  }

  #forget(guard: Promise<NodeGuard>): void {
    if (this.#guard === guard) this.#guard = undefined;
  }

  async #acquire(signal: AbortSignal): Promise<NodeGuard> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const found = await this.#read(signal);
      if (found !== undefined && found.Meta?.["rollcall_owner"] !== this.#owner) {
        throw backendUnavailable(
          `Consul's node ${this.name} is not ours: it lacks the meta rollcall_owner=${this.#owner}`,
        );
      }
      const node = found !== undefined && !this.#mustAdvanceIndex ? found : await this.#advanceIndex(found, signal);
      if (node === undefined) continue;
      this.#mustAdvanceIndex = false;
      return { json: JSON.stringify(setIfUnchanged(node)) };
    }
    throw backendUnavailable(`Consul's node ${this.name} changes all the time`);
  }

  async #read(signal: AbortSignal): Promise<ConsulNode | undefined> {
    const get: Operation = { Node: { Verb: "get", Node: { Node: this.name } } };
    const end = await transact(this.#client, JSON.stringify(get), signal);
    if (end.kind === "applied" && end.results[0]?.Node !== undefined) return end.results[0].Node;
    if (end.kind === "refused" && end.problems[0]?.kind === "missing") return undefined;
    throw backendUnavailable(`Consul does not tell its node ${this.name}: ${describeFailure(end)}`);
  }

  /** Undefined: another process was faster. */
  async #advanceIndex(found: ConsulNode | undefined, signal: AbortSignal): Promise<ConsulNode | undefined> {
    const ownMeta = { "external-node": "true", "external-probe": "false", rollcall_owner: this.#owner };
    const node: ConsulNode = {
      Node: this.name,
      Address: NO_ADDRESS,
      Meta: { ...found?.Meta, ...ownMeta, rollcall_fence: randomUUID() },
      ModifyIndex: found?.ModifyIndex ?? 0,
    };
    const end = await transact(this.#client, JSON.stringify(setIfUnchanged(node)), signal);
    if (end.kind === "applied" && end.results[0]?.Node !== undefined) return end.results[0].Node;
    if (end.kind === "refused" && end.problems[0]?.kind === "conflict") return undefined;
    throw backendUnavailable(`Consul does not take the node ${this.name}: ${describeFailure(end)}`);
  }
}

const setIfUnchanged = (node: ConsulNode): Operation => ({ Node: { Verb: "cas", Node: node } });

const describeFailure = (end: Awaited<ReturnType<typeof transact>>): string => {
  if (end.kind === "applied") return "the token may not read it";
  return end.kind === "invalid_request" ? end.what : (end.problems[0]?.message ?? "");
};
