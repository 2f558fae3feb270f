import type { InventoryEntry } from "../../runtime/core/drift.ts";
import type { ConsulClient } from "./consul-client.ts";
import type { ExternalNode } from "./external-node.ts";
import { ownedServicesOnNode } from "./consul-inventory.ts";
import { toFault, serviceRefused, backendUnavailable } from "../service-catalog/faults.ts";
import {
  checkIdOf,
  type StoredServiceOrAbsent,
  ownershipOf,
  operationsOf,
  resultWithoutWrite,
} from "./service-plan.ts";
import { TRANSACTION_BYTES_MAX, chunksOf, type PackableWrite, packIntoTransactions } from "./packing.ts";
import { storedServicesIn, LastWrittenServices } from "./last-written.ts";
import {
  type WriteResult,
  ownerMark,
  type DomainScope,
  type ServiceChange,
  type ServiceInventory,
  type ServiceRegistry,
} from "../service-catalog/service-registry.ts";
import { OPERATIONS_MAX, type Operation, type OperationError, type OperationResult, transact } from "./transaction.ts";

interface PendingChange {
  readonly change: ServiceChange;
  /** What Consul is believed to have; the write fails if it has something else. Undefined: it has to be read first. */
  expected: StoredServiceOrAbsent | undefined;
  result: WriteResult | undefined;
}
interface PendingRead {
  readonly pending: PendingChange;
  readonly part: "Service" | "Check";
}
interface PendingWrite extends PackableWrite {
  readonly pending: PendingChange;
}

/**
 * One pass each to create without reading, to write after reading, to write again without the services that Consul
 * refused, and to write again after the node's index changed. The others are for conflicts with other writers.
 */
const PASSES_MAX = 8;

/**
 * Services with their checks on an external node: Consul's health then shows the states that Rollcall knows. Each write
 * is a compare and set with the indexes that it expects. A new service, and one that this process wrote last, is
 * written without reading it first. When the write conflicts, the service is read and its owner and version are
 * compared. So late writes, other processes, repeats and outdated entries of `LastWrittenServices` do no harm.
 * The token needs `node "rollcall-{env}-{namespace}"` and the domains' `service_prefix` ("onex-", "node-") with policy
 * "write", nothing else.
 */
export class ConsulTransactions implements ServiceRegistry, ServiceInventory {
  readonly #client: ConsulClient;
  readonly #owner: string;
  readonly #node: ExternalNode;
  readonly #lastWritten = new LastWrittenServices();

  constructor(client: ConsulClient, node: ExternalNode, scope: DomainScope) {
    this.#client = client;
    this.#owner = ownerMark(scope);
    this.#node = node;
  }

  async apply(changes: readonly ServiceChange[], signal: AbortSignal): Promise<readonly WriteResult[]> {
    const pendingChanges = changes.map((change): PendingChange => {
      return { change, expected: this.#expectedState(change), result: undefined };
    });
    for (let pass = 0; pass < PASSES_MAX && pendingChanges.some(isUndecided); pass++)
      await this.#runPass(pendingChanges, signal);
    return pendingChanges.map(
      ({ result }) => result ?? backendUnavailable(`other writers changed the service in each of ${PASSES_MAX} tries`),
    );
  }

  list(signal: AbortSignal): Promise<readonly InventoryEntry[]> {
    return ownedServicesOnNode(this.#client, this.#node, this.#owner, signal);
  }

  async #runPass(pendingChanges: readonly PendingChange[], signal: AbortSignal): Promise<void> {
    // Before reading: an earlier write with an unknown outcome must either be visible or be fenced off.
    const guard = await this.#node.guard(signal).catch(toFault);
    if (guard instanceof Error) return finishAll(pendingChanges, guard);
    const unread = pendingChanges.filter((pending) => isUndecided(pending) && pending.expected === undefined);
    // A service takes two operations to read: itself and its check.
    await Promise.all(chunksOf(unread, OPERATIONS_MAX / 2).map((group) => this.#read(group, signal)));
    const writes = pendingChanges.filter(isUndecided).flatMap((pending) => this.#operationsFor(pending));
    await Promise.all(packIntoTransactions(writes).map((group) => this.#write(group, signal)));
  }

  /** Undefined: it has to be read. That no write is needed is for Consul to say, not for what is remembered. */
  #expectedState(change: ServiceChange): StoredServiceOrAbsent | undefined {
    const entry = this.#lastWritten.get(change.serviceId);
    if (entry === undefined) return change.kind === "register" ? "absent" : undefined;
    return resultWithoutWrite(change, ownershipOf(entry), this.#owner) === undefined ? entry : undefined;
  }

  /** If something does not exist, Consul fails the whole read and lists all that is missing. The rest is read again. */
  async #read(pendingChanges: readonly PendingChange[], signal: AbortSignal): Promise<void> {
    try {
      let reads = pendingChanges.flatMap((pending): PendingRead[] => [
        { pending, part: "Service" },
        { pending, part: "Check" },
      ]);
      while (reads.length > 0) {
        const answer = await transact(this.#client, reads.map((read) => this.#getOperation(read)).join(","), signal);
        if (answer.kind === "invalid_request")
          throw backendUnavailable(`Consul refused to read services: ${answer.what}`);
        if (answer.kind === "applied") {
          const storedServiceOf = storedServicesIn(answer.results);
          // Consul leaves out what the token may not read.
          for (const { pending } of reads.filter(isServiceRead)) {
            pending.expected = storedServiceOf(pending.change.serviceId);
            if (!pending.expected)
              pending.result = backendUnavailable(`the token may not read service ${pending.change.serviceId}`);
          }
          return;
        }
        const missing = new Set(answer.problems.filter(({ kind }) => kind === "missing").map(({ index }) => index));
        if (missing.size < answer.problems.length)
          throw backendUnavailable(`Consul refused to read services: ${describeErrors(answer.problems)}`);
        for (const { pending } of reads.filter((read, index) => missing.has(index) && isServiceRead(read)))
          pending.expected = "absent";
        reads = reads.filter((_, index) => !missing.has(index));
      }
    } catch (error) {
      finishAll(pendingChanges, toFault(error));
    }
  }

  #operationsFor(pending: PendingChange): PendingWrite[] {
    const { change, expected = "absent" } = pending;
    pending.result = resultWithoutWrite(change, ownershipOf(expected), this.#owner);
    if (pending.result !== undefined) return [];
    const operations = operationsOf(change, expected, this.#owner, this.#node.name);
    const json = operations.map((operation) => JSON.stringify(operation)).join(",");
    if (Buffer.byteLength(json) <= TRANSACTION_BYTES_MAX) return [{ pending, json, operationCount: operations.length }];
    pending.result = serviceRefused(
      `service ${change.serviceId} is larger than the ${TRANSACTION_BYTES_MAX} bytes of a transaction`,
    );
    return [];
  }

  async #write(group: readonly PendingWrite[], signal: AbortSignal): Promise<void> {
    const pendingChanges = group.map(({ pending }) => pending);
    const guard = await this.#node.guard(signal).catch(toFault);
    if (guard instanceof Error) return finishAll(pendingChanges, guard);
    // Forgotten until the answer shows what was written.
    for (const { change } of pendingChanges) this.#lastWritten.delete(change.serviceId);
    const answer = await transact(this.#client, [guard.json, ...group.map(({ json }) => json)].join(","), signal).catch(
      toFault,
    );
    if (answer instanceof Error) {
      await this.#node.invalidateAndFence(guard);
      return finishAll(pendingChanges, answer);
    }
    if (answer.kind === "applied") {
      this.#recordWritten(pendingChanges, answer.results);
      return finishAll(pendingChanges, "written");
    }
    if (answer.kind === "invalid_request") {
      // Consul does not say which service it is: halves of the group are written, until it is alone.
      if (group.length === 1)
        return finishAll(pendingChanges, serviceRefused(`Consul refused the service: ${answer.what}`));
      const middle = Math.ceil(group.length / 2);
      await this.#write(group.slice(0, middle), signal);
      return this.#write(group.slice(middle), signal);
    }
    const [nodeError, serviceErrors] = errorsByService(answer.problems, group);
    // An error of the node, for example that it was deleted, may cause the others: the next pass shows what is left.
    if (nodeError?.kind === "conflict") {
      this.#lastWritten.clear();
      return this.#node.invalidate(guard);
    }
    if (nodeError !== undefined)
      return finishAll(pendingChanges, backendUnavailable(`Consul refused to write our node: ${nodeError.message}`));
    for (const [pending, problem] of serviceErrors) applyOperationError(pending, problem);
  }

  #recordWritten(pendingChanges: readonly PendingChange[], results: readonly OperationResult[]): void {
    const storedServiceOf = storedServicesIn(results);
    for (const { change, expected } of pendingChanges) {
      const entry = change.kind === "deregister" ? undefined : storedServiceOf(change.serviceId, expected);
      if (entry !== undefined) this.#lastWritten.set(change.serviceId, entry);
    }
  }

  #getOperation({ pending, part }: PendingRead): string {
    const Node = this.#node.name;
    const { serviceId } = pending.change;
    const get: Operation =
      part === "Service"
        ? { Service: { Verb: "get", Node, Service: { ID: serviceId } } }
        : { Check: { Verb: "get", Check: { Node, CheckID: checkIdOf(serviceId) } } };
    return JSON.stringify(get);
  }
}

const isServiceRead = ({ part }: PendingRead): boolean => part === "Service";

const isUndecided = ({ result }: PendingChange): boolean => result === undefined;

function finishAll(pendingChanges: readonly PendingChange[], result: WriteResult): void {
  for (const pending of pendingChanges) pending.result ??= result;
}

function applyOperationError(pending: PendingChange, { kind, message }: OperationError): void {
  if (kind === "conflict") pending.expected = undefined;
  else if (kind === "invalid") pending.result = serviceRefused(`Consul refused the service: ${message}`);
  else pending.result ??= backendUnavailable(`Consul could not write the service: ${message}`);
}

/** The error of the node's operation, and the first of each service: an error of its check only follows from it. */
function errorsByService(
  problems: readonly OperationError[],
  group: readonly PendingWrite[],
): [OperationError | undefined, Map<PendingChange, OperationError>] {
  const changeByOperation = group.flatMap(({ pending, operationCount }) =>
    Array<PendingChange>(operationCount).fill(pending),
  );
  const serviceErrors = new Map<PendingChange, OperationError>();
  for (const problem of problems) {
    // The node's operation is the first of the transaction.
    const pending = changeByOperation[problem.index - 1];
    if (pending !== undefined && !serviceErrors.has(pending)) serviceErrors.set(pending, problem);
  }
  return [problems.find(({ index }) => index === 0), serviceErrors];
}

const describeErrors = (problems: readonly OperationError[]): string =>
  problems
    .map(({ message }) => message)
    .join("; ")
    .slice(0, 300);
