import type { JsonAnswer } from "../../../../client/json-request.ts";
import { reasonOf } from "../../../../client/json-request.ts";
import type { Flow } from "../../../../contracts/flow-node/messages/flow.ts";

/** What a link needs of the world. Times in ms. */
export interface LinkWorld {
  /** Asks the registry. Rejects when there is no answer that can be believed. */
  ask(method: "POST" | "PUT", path: string, body: object): Promise<JsonAnswer>;
  /** Resolves early when the link is to end. */
  pause(ms: number): Promise<void>;
  /** In [0, 1). */
  random(): number;
  nowMs(): number;
  isStopping(): boolean;
  say(line: string): void;
}

export interface RegistryStatus {
  readonly url: string;
  readonly state: "connecting" | "connected" | "refused" | "away";
  /** Ms since the epoch. */
  readonly since: number;
  readonly detail: string;
}

/** The registry does not take this node, now. */
class RefusedError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Nodes that start together, as after a power cut, don't come together. */
const START_SPREAD_MS = 5_000;
const FIRST_WAIT_MS = 500;
const BACK_OFF_MAX_MS = 60_000;
/** After a refusal: somebody has to change something first. */
const REFUSED_WAIT_MS = 300_000;
/** Where a registry says nothing of a lease: half of what it waits for. */
const BEAT_MS = 100_000;
const BEAT_MAX_MS = 3_600_000;
const SAID_MAX = 500;

/** Keeps a node connected to one registry: connects with its flows, beats by the lease, disconnects when it leaves. */
export class RegistryLink {
  readonly #world: LinkWorld;
  readonly #node: string;
  readonly #flows: readonly Flow[];
  readonly #told: () => object;
  #isConnected = false;
  #beatMs = BEAT_MS;
  /** In a row. Only an answered beat ends it. */
  #failures = 0;
  #retryAfterMs = 0;
  #status: RegistryStatus;

  /** @param told what a beat says of the node */
  constructor(
    world: LinkWorld,
    of: { readonly url: string; readonly node: string; readonly flows: readonly Flow[] },
    told: () => object,
  ) {
    this.#world = world;
    this.#node = of.node;
    this.#flows = of.flows;
    this.#told = told;
    this.#status = { url: of.url, state: "connecting", since: world.nowMs(), detail: "" };
  }

  get status(): RegistryStatus {
    return this.#status;
  }

  /** Until it is to stop; then it says goodbye. */
  async run(): Promise<void> {
    await this.#world.pause(this.#world.random() * START_SPREAD_MS);
    while (!this.#world.isStopping()) {
      const failure = await this.#live().then(
        () => undefined,
        (error: unknown) => this.#failed(error),
      );
      await this.#world.pause(this.#waitMs(failure));
    }
    // Its lease ends in any case.
    if (this.#isConnected) await this.#ask("POST", "/disconnect", { node: this.#node }).catch(() => undefined);
  }

  /** One round: connects what is not connected, else beats. */
  async #live(): Promise<void> {
    if (!this.#isConnected) return this.#connect();
    try {
      this.#heed(await this.#ask("PUT", "/state", { ...this.#told(), node: this.#node }));
    } catch (error) {
      const isForgotten = error instanceof RefusedError && (error.status === 404 || error.status === 409);
      this.#isConnected = false;
      if (!isForgotten) throw error;
      // It was disconnected, or the registry is a new one.
      return this.#connect();
    }
    this.#failures = 0;
    this.#become("connected", "alive");
  }

  async #connect(): Promise<void> {
    const answer = await this.#ask("POST", "/connect", { node: this.#node, flows: this.#flows });
    const { flows, rejected } = answer;
    if (!Array.isArray(flows)) throw new Error("the answer to a connect lists no flows: no flow registry");
    this.#heed(answer);
    this.#isConnected = true;
    const refused = Array.isArray(rejected) && rejected.length > 0 ? `, rejected: ${JSON.stringify(rejected)}` : "";
    this.#become("connected", `${flows.length} of ${this.#flows.length} flows are listed${refused}`);
  }

  #heed({ lease }: Readonly<Record<string, unknown>>): void {
    const { ttl_seconds: seconds } = (lease ?? {}) as { readonly ttl_seconds?: unknown };
    this.#beatMs = typeof seconds === "number" && seconds > 0 ? Math.min((seconds * 1_000) / 3, BEAT_MAX_MS) : BEAT_MS;
  }

  async #ask(method: "POST" | "PUT", path: string, body: object): Promise<Readonly<Record<string, unknown>>> {
    const { status, body: answer, retryAfterMs } = await this.#world.ask(method, path, body);
    this.#retryAfterMs = retryAfterMs ?? 0;
    if (status === 200 && typeof answer === "object" && answer !== null) return { ...answer };
    const said = `${method} ${path}: ${status} ${detailOf(answer)}`;
    if (status === 408 || status === 429 || status >= 500 || status < 400) throw new Error(said);
    throw new RefusedError(status, said);
  }

  #failed(error: unknown): unknown {
    this.#failures++;
    if (error instanceof RefusedError)
      this.#become(
        "refused",
        `${error.message}: asked again only in minutes; an operator of it has to admit this node`,
      );
    else this.#become("away", reasonOf(error));
    return error;
  }

  /**
   * A third of the lease, less a random part, so that nodes don't fall into step. After a failure twice as long each
   * time, and never before the registry's Retry-After.
   */
  #waitMs(failure: unknown): number {
    const share = this.#world.random();
    if (failure === undefined) return this.#beatMs * (0.8 + 0.2 * share);
    if (failure instanceof RefusedError) return REFUSED_WAIT_MS * (0.5 + share);
    const backOffMs = Math.min(FIRST_WAIT_MS * 2 ** Math.min(this.#failures - 1, 20), BACK_OFF_MAX_MS);
    return this.#retryAfterMs + backOffMs * (0.5 + share);
  }

  /** The same again is no news. */
  #become(state: RegistryStatus["state"], detail: string): void {
    const text = detail.slice(0, SAID_MAX);
    const { url, ...before } = this.#status;
    if (before.state !== state) this.#world.say(`registry ${url}: ${state}: ${text}`);
    const since = before.state === state ? before.since : this.#world.nowMs();
    this.#status = { url, state, since, detail: text };
  }
}

function detailOf(answer: unknown): string {
  const { detail, title } = (answer ?? {}) as { readonly detail?: unknown; readonly title?: unknown };
  return String(detail ?? title ?? JSON.stringify(answer)).slice(0, SAID_MAX);
}
