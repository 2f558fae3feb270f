import { roundsOf } from "../distinct-target-rounds.ts";
import type { ConsulClient } from "./consul-client.ts";
import { ExternalNode } from "./external-node.ts";
import { heldOnNode } from "./consul-inventory.ts";
import { asFault, consulRefused, unavailable } from "../service-catalog/faults.ts";
import { checkIdOf, type Found, marksOf, operationsOf, settled } from "./service-plan.ts";
import { BYTES_MAX, groupsOf, type Packable, packed } from "./packing.ts";
import { entriesIn, Remembered } from "./last-written.ts";
import {
  type Ending,
  type Held,
  ownerMark,
  type Scope,
  type ServiceChange,
  type ServiceHoldings,
  type ServiceRegistry,
} from "../service-catalog/service-registry.ts";
import { OPERATIONS_MAX, type Operation, type Problem, type Result, transact } from "./transaction.ts";

interface Work {
  readonly change: ServiceChange;
  /** What is believed to be there; every write checks it. Undefined: to be read. */
  found: Found | undefined;
  ending: Ending | undefined;
}
interface Get {
  readonly work: Work;
  readonly part: "Service" | "Check";
}
interface Write extends Packable {
  readonly work: Work;
}

/** Create, read back, write, without the refused, after the fence moved; and once more for each bad luck. */
const PASSES_MAX = 8;

/**
 * Services with their checks on an external node, so that Consul's health says what Rollcall knows. Each write names
 * the indexes that it found (compare and set): so a service is created without looking, what this process wrote itself
 * is written without looking, and where something else is, it is read back and compared, first the owner, then the
 * version. That holds against late writes, other processes and repeats, and whatever is remembered in here.
 * The token needs `node "rollcall-{env}-{namespace}"` and `service_prefix "onex-"` with policy "write", nothing else.
 */
export class ConsulTransactions implements ServiceRegistry, ServiceHoldings {
  readonly #client: ConsulClient;
  readonly #owner: string;
  readonly #node: ExternalNode;
  readonly #remembered = new Remembered();

  constructor(client: ConsulClient, scope: Scope) {
    this.#client = client;
    this.#owner = ownerMark(scope);
    this.#node = new ExternalNode(client, scope);
  }

  async apply(changes: readonly ServiceChange[], signal: AbortSignal): Promise<readonly Ending[]> {
    const works = changes.map((change): Work => ({ change, found: undefined, ending: undefined }));
    for (const round of roundsOf(works, ({ change }) => change.serviceId)) {
      for (const work of round) work.found = this.#expected(work.change);
      for (let pass = 0; pass < PASSES_MAX && round.some(isOpen); pass++) await this.#pass(round, signal);
    }
    return works.map(({ ending }) => ending ?? unavailable("Consul's services change faster than they can be written"));
  }

  held(signal: AbortSignal): Promise<readonly Held[]> {
    return heldOnNode(this.#client, { node: this.#node.name, owner: this.#owner }, signal);
  }

  async #pass(round: readonly Work[], signal: AbortSignal): Promise<void> {
    // Before anything is read: what a lost write left behind must be seen, or never come.
    const guard = await this.#node.guard(signal).catch(asFault);
    if (guard instanceof Error) return endAll(round, guard);
    const unread = round.filter((work) => isOpen(work) && work.found === undefined);
    await Promise.all(groupsOf(unread, OPERATIONS_MAX / 2).map((group) => this.#read(group, signal)));
    const writes = round.filter(isOpen).flatMap((work) => this.#plan(work));
    await Promise.all(packed(writes).map((group) => this.#write(group, signal)));
  }

  /**
   * Undefined: to be read. A change that would be left out for what is remembered is better left out for what is there.
   */
  #expected(change: ServiceChange): Found | undefined {
    const entry = this.#remembered.get(change.serviceId);
    if (entry === undefined) return change.kind === "register" ? "absent" : undefined;
    return settled(change, marksOf(entry), this.#owner) === undefined ? entry : undefined;
  }

  /** A reading transaction fails when something is missing, and names all that is: the rest is asked for again. */
  async #read(works: readonly Work[], signal: AbortSignal): Promise<void> {
    try {
      let left = works.flatMap((work): Get[] => [
        { work, part: "Service" },
        { work, part: "Check" },
      ]);
      while (left.length > 0) {
        const end = await transact(this.#client, left.map((get) => this.#get(get)).join(","), signal);
        if (end.kind === "rejected") throw unavailable(`Consul does not read services: ${end.what}`);
        if (end.kind === "applied") {
          const entryOf = entriesIn(end.results);
          for (const { work } of left.filter(isService)) {
            work.found = entryOf(work.change.serviceId);
            if (!work.found) work.ending = unavailable(`the token may not read service ${work.change.serviceId}`);
          }
          return;
        }
        const missing = new Set(end.problems.filter(({ kind }) => kind === "missing").map(({ index }) => index));
        if (missing.size < end.problems.length)
          throw unavailable(`Consul does not read services: ${whatOf(end.problems)}`);
        for (const { work } of left.filter((get, index) => missing.has(index) && isService(get))) work.found = "absent";
        left = left.filter((_, index) => !missing.has(index));
      }
    } catch (error) {
      endAll(works, asFault(error));
    }
  }

  #plan(work: Work): Write[] {
    const { change, found = "absent" } = work;
    work.ending = settled(change, marksOf(found), this.#owner);
    if (work.ending !== undefined) return [];
    const operations = operationsOf(change, found, this.#owner, this.#node.name);
    const json = operations.map((operation) => JSON.stringify(operation)).join(",");
    if (Buffer.byteLength(json) <= BYTES_MAX) return [{ work, json, operationCount: operations.length }];
    work.ending = consulRefused(`service ${change.serviceId} is larger than the ${BYTES_MAX} bytes of a transaction`);
    return [];
  }

  async #write(group: readonly Write[], signal: AbortSignal): Promise<void> {
    const works = group.map(({ work }) => work);
    const guard = await this.#node.guard(signal).catch(asFault);
    if (guard instanceof Error) return endAll(works, guard);
    // Until the answer tells otherwise.
    for (const { change } of works) this.#remembered.delete(change.serviceId);
    const end = await transact(this.#client, [guard.json, ...group.map(({ json }) => json)].join(","), signal).catch(
      asFault,
    );
    if (end instanceof Error) {
      await this.#node.fence(guard);
      return endAll(works, end);
    }
    if (end.kind === "applied") {
      this.#remember(works, end.results);
      return endAll(works, "written");
    }
    if (end.kind === "rejected") {
      if (group.length === 1) return endAll(works, consulRefused(`Consul refuses the service: ${end.what}`));
      const middle = Math.ceil(group.length / 2);
      await this.#write(group.slice(0, middle), signal);
      return this.#write(group.slice(middle), signal);
    }
    const [ofNode, ofServices] = sorted(end.problems, group);
    // What else is wrong may be a consequence, as when the node is gone: the next pass tells.
    if (ofNode?.kind === "conflict") {
      this.#remembered.clear();
      return this.#node.outdated(guard);
    }
    if (ofNode !== undefined) return endAll(works, unavailable(`Consul does not take our node: ${ofNode.what}`));
    for (const [work, problem] of ofServices) learn(work, problem);
  }

  #remember(works: readonly Work[], results: readonly Result[]): void {
    const entryOf = entriesIn(results);
    for (const { change, found } of works) {
      const entry = change.kind === "deregister" ? undefined : entryOf(change.serviceId, found);
      if (entry !== undefined) this.#remembered.set(change.serviceId, entry);
    }
  }

  #get({ work, part }: Get): string {
    const Node = this.#node.name;
    const { serviceId } = work.change;
    const get: Operation =
      part === "Service"
        ? { Service: { Verb: "get", Node, Service: { ID: serviceId } } }
        : { Check: { Verb: "get", Check: { Node, CheckID: checkIdOf(serviceId) } } };
    return JSON.stringify(get);
  }
}

const isService = ({ part }: Get): boolean => part === "Service";

const isOpen = ({ ending }: Work): boolean => ending === undefined;

function endAll(works: readonly Work[], ending: Ending): void {
  for (const work of works) work.ending ??= ending;
}

function learn(work: Work, { kind, what }: Problem): void {
  if (kind === "conflict") work.found = undefined;
  else if (kind === "invalid") work.ending = consulRefused(`Consul refuses the service: ${what}`);
  else work.ending ??= unavailable(`Consul does not take the service: ${what}`);
}

/** The problem of the node's operation, and the first of each service: the check's is a consequence. */
function sorted(problems: readonly Problem[], group: readonly Write[]): [Problem | undefined, Map<Work, Problem>] {
  const owners = group.flatMap(({ work, operationCount }) => Array<Work>(operationCount).fill(work));
  const ofServices = new Map<Work, Problem>();
  for (const problem of problems) {
    const work = owners[problem.index - 1];
    if (work !== undefined && !ofServices.has(work)) ofServices.set(work, problem);
  }
  return [problems.find(({ index }) => index === 0), ofServices];
}

const whatOf = (problems: readonly Problem[]): string =>
  problems
    .map(({ what }) => what)
    .join("; ")
    .slice(0, 300);
