import { Fault } from "../runtime/core/fault.ts";
import { type JsonAnswer, reasonOf } from "./json-request.ts";
import { RepeatedRequests } from "./repeated-requests.ts";

/** A node as the registry shows it. Fields of a later version are kept. */
export interface RegistryNode {
  readonly node_id: string;
  readonly hostname: string;
  readonly ip: string | null;
  readonly role: string;
  readonly labels: readonly string[];
  readonly status: string;
  /** RFC 3339; null until a beat came. */
  readonly last_heartbeat: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly created_at: string;
  readonly updated_at: string;
  readonly [field: string]: unknown;
}

/** Nodes, and whether they can be believed. */
export interface NodeList extends ReadonlyArray<RegistryNode> {
  /** The registry gave no answer: this is the last list that it gave, or an empty one. */
  readonly stale: boolean;
  /** When the registry gave this list; undefined: it never gave one. */
  readonly since: Date | undefined;
  /** Why it is stale; undefined when it is not. */
  readonly why: string | undefined;
}

export interface NodeFilter {
  readonly role?: string | undefined;
  /** Nodes that have all of these. */
  readonly label?: string | readonly string[] | undefined;
  readonly status?: string | undefined;
}

export interface NodeRegistryClientOptions {
  readonly token?: string;
  /** For one question with its repeats; default 5 s. */
  readonly timeoutMs?: number;
  /** How often a question is asked at most; default 3. */
  readonly tries?: number;
  /** Is told when lists become stale and when they are fresh again. Default: nobody. */
  readonly onChange?: (state: { readonly stale: boolean; readonly why: string | undefined }) => void;
}

const LIST_BYTES_MAX = 64 * 1024 * 1024;
const NODE_BYTES_MAX = 1024 * 1024;
/** Answers that are kept for when the registry gives none, by question. */
const KEPT_MAX = 64;

interface Kept {
  readonly nodes: readonly RegistryNode[];
  readonly at: Date;
}

/**
 * Reads a node registry. A question is repeated while that is safe and the server does not ask to wait; where there is
 * no answer, lists are the last good one, and say so. An empty list that the registry gave is the truth.
 */
export class NodeRegistryClient {
  readonly #requests: RepeatedRequests;
  readonly #onChange: NonNullable<NodeRegistryClientOptions["onChange"]>;
  readonly #kept = new Map<string, Kept>();
  readonly #asking = new Map<string, Promise<NodeList>>();
  #isStale = false;

  /** @param url of the registry: `http://node-registry:9205` */
  constructor(url: string, { token, timeoutMs = 5_000, tries = 3, onChange }: NodeRegistryClientOptions = {}) {
    this.#requests = new RepeatedRequests({ url, token }, { timeoutMs, tries });
    this.#onChange = onChange ?? (() => {});
  }

  /** All nodes that fit, of whatever status. */
  async getNodes({ role, label, status }: NodeFilter = {}): Promise<NodeList> {
    const query = new URLSearchParams();
    if (role !== undefined) query.set("role", role);
    for (const each of label === undefined ? [] : [label].flat()) query.append("label", each);
    if (status !== undefined) query.set("status", status);
    const path = `/api/v1/nodes${query.size > 0 ? `?${query.toString()}` : ""}`;
    // Who asks the same at the same time gets the same answer: a registry that is slow is not asked more often.
    const asking = this.#asking.get(path) ?? this.#list(path).finally(() => this.#asking.delete(path));
    this.#asking.set(path, asking);
    const nodes = await asking;
    return listOf(nodes, nodes);
  }

  getNodesByRole(role: string): Promise<NodeList> {
    return this.getNodes({ role });
  }

  /** Nodes that work can be given to. @param filter `status` is `online` if left out */
  getAvailableNodes({ role, label, status = "online" }: NodeFilter = {}): Promise<NodeList> {
    return this.getNodes({ role, label, status });
  }

  /**
   * One node; undefined: the registry says that there is none.
   * @throws Fault SERVER_UNAVAILABLE, retryable; SERVER_REFUSED, not retryable
   */
  async getNode(nodeId: string): Promise<RegistryNode | undefined> {
    const path = `/api/v1/nodes/${encodeURIComponent(nodeId)}`;
    const { status, body } = await this.#ask(path, NODE_BYTES_MAX);
    if (status === 404) return undefined;
    if (isNode(body)) return body;
    throw unavailable(path, "the answer is no node");
  }

  async #list(path: string): Promise<NodeList> {
    try {
      const { status, body } = await this.#ask(path, LIST_BYTES_MAX);
      if (status !== 200 || !Array.isArray(body) || !body.every(isNode))
        throw unavailable(path, `${status}, and no list of nodes`);
      const at = new Date();
      this.#keep(path, { nodes: body, at });
      this.#tell(false, undefined);
      return listOf(body, { stale: false, since: at, why: undefined });
    } catch (error) {
      const why = reasonOf(error);
      const kept = this.#kept.get(path);
      this.#tell(true, why);
      return listOf(kept?.nodes ?? [], { stale: true, since: kept?.at, why });
    }
  }

  #ask(path: string, bytesMax: number): Promise<JsonAnswer> {
    return this.#requests.send({ method: "GET", path, bytesMax, expected: [200, 404] });
  }

  #keep(path: string, kept: Kept): void {
    this.#kept.delete(path);
    this.#kept.set(path, kept);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT_MAX && oldest !== undefined) this.#kept.delete(oldest);
  }

  #tell(stale: boolean, why: string | undefined): void {
    if (stale !== this.#isStale) this.#onChange({ stale, why });
    this.#isStale = stale;
  }
}

const unavailable = (path: string, why: string): Fault =>
  new Fault("SERVER_UNAVAILABLE", `GET ${path}: ${why}`, { retryable: true });

/** An array of its own, so that who sorts it sorts no one else's. */
const listOf = (nodes: readonly RegistryNode[], more: Pick<NodeList, "stale" | "since" | "why">): NodeList =>
  Object.assign([...nodes], more);

function isNode(value: unknown): value is RegistryNode {
  if (typeof value !== "object" || value === null) return false;
  const { node_id, hostname, role, labels, status } = value as Readonly<Record<string, unknown>>;
  const isText = [node_id, hostname, role, status].every((each) => typeof each === "string");
  return isText && Array.isArray(labels) && labels.every((label) => typeof label === "string");
}
