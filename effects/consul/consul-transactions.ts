import type { InventoryEntry } from "../../runtime/core/drift.ts";
import type { ConsulClient } from "./consul-client.ts";
import { ExternalNode } from "./external-node.ts";
import { ownedServicesOnNode } from "./consul-inventory.ts";
import { toFault, consulRefused, backendUnavailable } from "../service-catalog/faults.ts";
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
  type DeploymentScope,
  type ServiceChange,
  type ServiceInventory,
  type ServiceRegistry,
} from "../service-catalog/service-registry.ts";
import { OPERATIONS_MAX, type Operation, type OperationError, type OperationResult, transact } from "./transaction.ts";

interface PendingChange {
  readonly change: ServiceChange;
  /** The state that the write will find, as far as known; each write checks it. Undefined: it has to be read. */
  expected: StoredServiceOrAbsent | undefined;
  result: WriteResult | undefined;
}
interface PendingRead {
  readonly work: PendingChange;
  readonly part: "Service" | "Check";
}
interface PendingWrite extends PackableWrite {
  readonly work: PendingChange;
}

/** Create, read, write, write without the refused, write after the fence moved; and some for conflicts in between. */
const PASSES_MAX = 8;

/**
 * Services with their checks on an external node: Consul's health then shows the states that Rollcall knows. Each write
 * is a compare and set with the indexes that it expects. A new service, and one that this process wrote last, is
 * written without reading it first. When the write conflicts, the service is read and its owner and version are
 * compared. So late writes, other processes, repeats and an outdated memory do no harm.
 * The token needs `node "rollcall-{env}-{namespace}"` and `service_prefix "onex-"` with policy "write", nothing else.
 */
export class ConsulTransactions implements ServiceRegistry, ServiceInventory {
  readonly #client: ConsulClient;
  readonly #owner: string;
  readonly #node: ExternalNode;
  readonly #lastWritten = new LastWrittenServices();

  constructor(client: ConsulClient, scope: DeploymentScope) {
    this.#client = client;
    this.#owner = ownerMark(scope);
    this.#node = new ExternalNode(client, scope);
  }

  async apply(changes: readonly ServiceChange[], signal: AbortSignal): Promise<readonly WriteResult[]> {
    const works = changes.map((change): PendingChange => {
      return { change, expected: this.#expectedState(change), result: undefined };
    });
    for (let pass = 0; pass < PASSES_MAX && works.some(isOpen); pass++) await this.#pass(works, signal);
    return works.map(
      ({ result }) => result ?? backendUnavailable(`other writers changed the service in each of ${PASSES_MAX} tries`),
    );
  }

  list(signal: AbortSignal): Promise<readonly InventoryEntry[]> {
    return ownedServicesOnNode(this.#client, { node: this.#node.name, owner: this.#owner }, signal);
  }

  async #pass(works: readonly PendingChange[], signal: AbortSignal): Promise<void> {
    // Before reading: an earlier write with an unknown outcome must either be visible or be fenced off.
    const guard = await this.#node.guard(signal).catch(toFault);
    if (guard instanceof Error) return finishAll(works, guard);
    const unread = works.filter((work) => isOpen(work) && work.expected === undefined);
    await Promise.all(chunksOf(unread, OPERATIONS_MAX / 2).map((group) => this.#read(group, signal)));
    const writes = works.filter(isOpen).flatMap((work) => this.#operationsFor(work));
    await Promise.all(packIntoTransactions(writes).map((group) => this.#write(group, signal)));
  }

  /** Undefined: it has to be read. No change is left out because of what is only remembered. */
  #expectedState(change: ServiceChange): StoredServiceOrAbsent | undefined {
    const entry = this.#lastWritten.get(change.serviceId);
    if (entry === undefined) return change.kind === "register" ? "absent" : undefined;
    return resultWithoutWrite(change, ownershipOf(entry), this.#owner) === undefined ? entry : undefined;
  }

  /** A read transaction fails when something does not exist and names all of it; the rest is then read again. */
  async #read(works: readonly PendingChange[], signal: AbortSignal): Promise<void> {
    try {
      let left = works.flatMap((work): PendingRead[] => [
        { work, part: "Service" },
        { work, part: "Check" },
      ]);
      while (left.length > 0) {
        const end = await transact(this.#client, left.map((get) => this.#get(get)).join(","), signal);
        if (end.kind === "invalid_request") throw backendUnavailable(`Consul refused to read services: ${end.what}`);
        if (end.kind === "applied") {
          const entryOf = storedServicesIn(end.results);
          for (const { work } of left.filter(isService)) {
            work.expected = entryOf(work.change.serviceId);
            if (!work.expected)
              work.result = backendUnavailable(`the token may not read service ${work.change.serviceId}`);
          }
          return;
        }
        const missing = new Set(end.problems.filter(({ kind }) => kind === "missing").map(({ index }) => index));
        if (missing.size < end.problems.length)
          throw backendUnavailable(`Consul refused to read services: ${describeErrors(end.problems)}`);
        for (const { work } of left.filter((get, index) => missing.has(index) && isService(get)))
          work.expected = "absent";
        left = left.filter((_, index) => !missing.has(index));
      }
    } catch (error) {
      finishAll(works, toFault(error));
    }
  }

  #operationsFor(work: PendingChange): PendingWrite[] {
    const { change, expected: expected = "absent" } = work;
    work.result = resultWithoutWrite(change, ownershipOf(expected), this.#owner);
    if (work.result !== undefined) return [];
    const operations = operationsOf(change, expected, this.#owner, this.#node.name);
    const json = operations.map((operation) => JSON.stringify(operation)).join(",");
    if (Buffer.byteLength(json) <= TRANSACTION_BYTES_MAX) return [{ work, json, operationCount: operations.length }];
    work.result = consulRefused(
      `service ${change.serviceId} is larger than the ${TRANSACTION_BYTES_MAX} bytes of a transaction`,
    );
    return [];
  }

  async #write(group: readonly PendingWrite[], signal: AbortSignal): Promise<void> {
    const works = group.map(({ work }) => work);
    const guard = await this.#node.guard(signal).catch(toFault);
    if (guard instanceof Error) return finishAll(works, guard);
    // Forgotten until the answer shows what was written.
    for (const { change } of works) this.#lastWritten.delete(change.serviceId);
    const end = await transact(this.#client, [guard.json, ...group.map(({ json }) => json)].join(","), signal).catch(
      toFault,
    );
    if (end instanceof Error) {
      await this.#node.invalidateAndFence(guard);
      return finishAll(works, end);
    }
    if (end.kind === "applied") {
      this.#recordWritten(works, end.results);
      return finishAll(works, "written");
    }
    if (end.kind === "invalid_request") {
      if (group.length === 1) return finishAll(works, consulRefused(`Consul refused the service: ${end.what}`));
      const middle = Math.ceil(group.length / 2);
      await this.#write(group.slice(0, middle), signal);
      return this.#write(group.slice(middle), signal);
    }
    const [ofNode, ofServices] = errorsByService(end.problems, group);
    // Other errors may follow from the node's, as when it was deleted: the next pass shows what is left.
    if (ofNode?.kind === "conflict") {
      this.#lastWritten.clear();
      return this.#node.invalidate(guard);
    }
    if (ofNode !== undefined)
      return finishAll(works, backendUnavailable(`Consul refused to write our node: ${ofNode.message}`));
    for (const [work, problem] of ofServices) applyOperationError(work, problem);
  }

  #recordWritten(works: readonly PendingChange[], results: readonly OperationResult[]): void {
    const entryOf = storedServicesIn(results);
    for (const { change, expected } of works) {
      const entry = change.kind === "deregister" ? undefined : entryOf(change.serviceId, expected);
      if (entry !== undefined) this.#lastWritten.set(change.serviceId, entry);
    }
  }

  #get({ work, part }: PendingRead): string {
    const Node = this.#node.name;
    const { serviceId } = work.change;
    const get: Operation =
      part === "Service"
        ? { Service: { Verb: "get", Node, Service: { ID: serviceId } } }
        : { Check: { Verb: "get", Check: { Node, CheckID: checkIdOf(serviceId) } } };
    return JSON.stringify(get);
  }
}

const isService = ({ part }: PendingRead): boolean => part === "Service";

const isOpen = ({ result }: PendingChange): boolean => result === undefined;

function finishAll(works: readonly PendingChange[], result: WriteResult): void {
  for (const work of works) work.result ??= result;
}

function applyOperationError(work: PendingChange, { kind, message }: OperationError): void {
  if (kind === "conflict") work.expected = undefined;
  else if (kind === "invalid") work.result = consulRefused(`Consul refused the service: ${message}`);
  else work.result ??= backendUnavailable(`Consul could not write the service: ${message}`);
}

/** The error of the node's operation, and the first error of each service: its check's follows from it. */
function errorsByService(
  problems: readonly OperationError[],
  group: readonly PendingWrite[],
): [OperationError | undefined, Map<PendingChange, OperationError>] {
  const owners = group.flatMap(({ work, operationCount }) => Array<PendingChange>(operationCount).fill(work));
  const ofServices = new Map<PendingChange, OperationError>();
  for (const problem of problems) {
    const work = owners[problem.index - 1];
    if (work !== undefined && !ofServices.has(work)) ofServices.set(work, problem);
  }
  return [problems.find(({ index }) => index === 0), ofServices];
}

const describeErrors = (problems: readonly OperationError[]): string =>
  problems
    .map(({ message }) => message)
    .join("; ")
    .slice(0, 300);
