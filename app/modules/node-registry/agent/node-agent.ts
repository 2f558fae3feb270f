import type { JsonAnswer } from "../../../../client/json-request.ts";
import { reasonOf } from "../../../../client/json-request.ts";

/** What the agent needs of the world. Times in ms. */
export interface AgentWorld {
  /** Asks the registry. Rejects when there is no answer that can be believed. */
  post(path: string, body: object): Promise<JsonAnswer>;
  /** Resolves early when the agent is to stop. */
  pause(ms: number): Promise<void>;
  /** In [0, 1). */
  random(): number;
  isStopping(): boolean;
  say(line: string): void;
}

export interface AgentNode {
  readonly hostname: string;
  readonly ip: string;
  readonly role: string;
  readonly labels: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly node_id: string | undefined;
}

interface Lease {
  readonly ttl_seconds: number;
}

/** The registry does not take this node, now: it says why. */
class RefusedError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const TTL_SECONDS_DEFAULT = 90;
const FIRST_WAIT_MS = 500;
/** The rest of a wait between beats is random. */
const LEAST_PART = 0.8;
/** After a refusal: somebody has to change something first. */
const REFUSED_WAIT_MS = 300_000;
/** Machines that start together, as after a power cut, don't come together. */
export const START_SPREAD_MS = 10_000;

const REGISTER = "/api/v1/nodes/register";
const HEARTBEAT = "/api/v1/nodes/heartbeat";

/** Registers a node and keeps it alive, by the lease that the registry grants. */
export class NodeAgent {
  readonly #world: AgentWorld;
  readonly #node: AgentNode;
  readonly #load: () => object;
  readonly #onRegistered: (nodeId: string) => void;
  #nodeId: string | undefined;
  #isRegistered = false;
  #ttlMs = TTL_SECONDS_DEFAULT * 1_000;
  #failures = 0;
  #retryAfterMs = 0;
  /** With others, perhaps: it has just registered. */
  #isInStep = false;
  #lastSaid = "";

  /** @param onRegistered is given the id that the registry has it by, each time that it registered */
  constructor(world: AgentWorld, node: AgentNode, load: () => object, onRegistered: (nodeId: string) => void) {
    this.#world = world;
    this.#node = node;
    this.#load = load;
    this.#onRegistered = onRegistered;
    this.#nodeId = node.node_id;
  }

  /**
   * Registers and beats once; tries again, with back-off, until it is to stop.
   * @throws RefusedError at once; else the last failure before that
   */
  async once(): Promise<string> {
    for (let last: unknown; ;) {
      try {
        return await this.#live();
      } catch (error) {
        if (error instanceof RefusedError) throw error;
        // One that was broken off says nothing of the reason.
        if (this.#world.isStopping()) throw last ?? error;
        last = error;
        this.#failed(error);
        await this.#world.pause(this.#waitMs(error));
      }
    }
  }

  /** Until it is to stop; then it says goodbye. */
  async run(): Promise<void> {
    await this.#world.pause(this.#world.random() * START_SPREAD_MS);
    while (!this.#world.isStopping()) {
      let failure: unknown;
      try {
        await this.#live();
      } catch (error) {
        this.#failed(error);
        failure = error;
      }
      await this.#world.pause(this.#waitMs(failure));
    }
    if (this.#isRegistered && this.#nodeId !== undefined)
      // Its lease ends in any case.
      await this.#post(HEARTBEAT, { node_id: this.#nodeId, status: "offline" }).catch(() => undefined);
  }

  /** One round: what is not registered registers, then it beats. */
  async #live(): Promise<string> {
    const isNew = !this.#isRegistered;
    if (isNew) await this.#register();
    const nodeId = this.#nodeId ?? "";
    try {
      const { lease } = await this.#post(HEARTBEAT, { node_id: nodeId, metrics: this.#load() });
      this.#ttlMs = ttlMsOf(lease);
    } catch (error) {
      if (!(error instanceof RefusedError && error.status === 404)) throw error;
      this.#isRegistered = false;
      if (isNew) throw new Error(`registered, and not known: ${error.message}`, { cause: error });
      // It was purged, or the registry is a new one: the same id again.
      this.#say("the registry does not know this node any more: registers again");
      return this.#live();
    }
    this.#failures = 0;
    this.#say(`alive as ${nodeId}`);
    return nodeId;
  }

  async #register(): Promise<string> {
    const { node_id: given, ...described } = this.#node;
    const id = this.#nodeId ?? given;
    const { node_id, lease } = await this.#post(REGISTER, { ...described, ...(id !== undefined && { node_id: id }) });
    if (typeof node_id !== "string") throw new Error("the answer names no node_id");
    this.#ttlMs = ttlMsOf(lease);
    this.#nodeId = node_id;
    this.#isRegistered = true;
    this.#isInStep = true;
    this.#onRegistered(node_id);
    return node_id;
  }

  async #post(path: string, body: object): Promise<Readonly<Record<string, unknown>>> {
    const { status, body: answer, retryAfterMs } = await this.#world.post(path, body);
    this.#retryAfterMs = retryAfterMs ?? 0;
    if (status === 200 && typeof answer === "object" && answer !== null) return { ...answer };
    const said = `POST ${path}: ${status} ${detailOf(answer)}`;
    if (status === 408 || status === 429 || status >= 500 || status < 400) throw new Error(said);
    throw new RefusedError(status, said);
  }

  /**
   * After an answered beat a third of the lease, less a random part, so that nodes don't fall into step; after the one
   * of a registration any part of it, so that those who came together part. After a failure twice as long each time, up
   * to that, and never before the server's Retry-After.
   */
  #waitMs(failure: unknown): number {
    const share = this.#world.random();
    const beatMs = this.#ttlMs / 3;
    if (failure instanceof RefusedError) return REFUSED_WAIT_MS * (0.5 + share);
    if (failure === undefined) {
      const least = this.#isInStep ? 0 : LEAST_PART;
      this.#isInStep = false;
      return beatMs * (least + (1 - least) * share);
    }
    const backOffMs = FIRST_WAIT_MS * 2 ** Math.min(this.#failures - 1, 20);
    const least = backOffMs < beatMs ? 0.5 : LEAST_PART;
    const waitMs = Math.min(backOffMs, beatMs) * (least + (1 - least) * share);
    return this.#retryAfterMs + waitMs;
  }

  #failed(error: unknown): void {
    this.#failures++;
    if (!(error instanceof RefusedError)) return this.#say(`no answer: ${reasonOf(error)}`);
    this.#say(`refused, and asked again only in minutes: ${error.message}`);
  }

  /** The same again is no news. */
  #say(line: string): void {
    if (line !== this.#lastSaid) this.#world.say(line);
    this.#lastSaid = line;
  }
}

function ttlMsOf(lease: unknown): number {
  const { ttl_seconds } = (lease ?? {}) as Partial<Lease>;
  const seconds = typeof ttl_seconds === "number" && ttl_seconds > 0 ? ttl_seconds : TTL_SECONDS_DEFAULT;
  return Math.min(seconds, 86_400) * 1_000;
}

function detailOf(answer: unknown): string {
  const { detail, title } = (answer ?? {}) as { readonly detail?: unknown; readonly title?: unknown };
  return String(detail ?? title ?? JSON.stringify(answer)).slice(0, 500);
}
