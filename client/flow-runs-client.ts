import { EventStream } from "./event-stream.ts";
import type { HttpAccess } from "./http-access.ts";
import { RepeatedRequests } from "./repeated-requests.ts";

/** What a person is asked by a run. */
export interface RunLock {
  readonly lid: string;
  readonly question: unknown;
  /** RFC 3339. */
  readonly expires_at: string;
}

/** A run as its node shows it. Times are RFC 3339. */
export interface FlowRun {
  readonly fid: string;
  readonly path: string;
  readonly name: string;
  readonly state: "pending" | "locked" | "done" | "error";
  readonly created: string;
  readonly started: string | null;
  readonly ended: string | null;
  /** How far it is, as the flow says it. */
  readonly progress: unknown;
  readonly result: unknown;
  readonly error: { readonly code: string; readonly message: string } | null;
  /** The run that it repeats. */
  readonly from: string | null;
  readonly locks: readonly RunLock[];
  readonly [field: string]: unknown;
}

export interface RunPage {
  readonly runs: readonly FlowRun[];
  /** Of all pages. */
  readonly total: number;
}

/** What became of a run: `RunStarted`, `RunProgressed`, `RunLogged`, `RunLocked`, `RunDone` and so on. */
export interface RunEvent {
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface FlowRunsClientOptions {
  /** One that may launch runs is an operator's. */
  readonly token?: string;
  /** For one request with its repeats; default 10 s. */
  readonly timeoutMs?: number;
  /** How often a request is sent at most; default 3. */
  readonly tries?: number;
  /** Is told when a stream breaks off. Default: nobody. */
  readonly log?: (level: "warn", text: string, error: unknown) => void;
}

const BYTES_MAX = 16 * 1024 * 1024;
const ENDS = new Set(["RunDone", "RunFailed", "RunDeleted"]);

/**
 * Runs flows at a flow node. What is sent may arrive twice and counts once: each command has an idempotency key, and is
 * repeated until there is an answer.
 *
 * Every method throws Fault SERVER_UNAVAILABLE, retryable, without an answer that can be believed, and SERVER_REFUSED,
 * not retryable, when the node says no: 403, 404, or 409 in a state that does not allow it.
 */
export class FlowRunsClient {
  readonly #access: HttpAccess;
  readonly #requests: RepeatedRequests;
  readonly #log: NonNullable<FlowRunsClientOptions["log"]>;

  /** @param url of the node: `http://flows.example.com:9207` */
  constructor(url: string, { token, timeoutMs = 10_000, tries = 3, log }: FlowRunsClientOptions = {}) {
    this.#access = { url, token };
    this.#requests = new RepeatedRequests(this.#access, { timeoutMs, tries });
    this.#log = log ?? (() => {});
  }

  /** Launches a flow; gives the run's id. */
  async launch(
    flow: { readonly path: string } | { readonly name: string },
    inputs: Readonly<Record<string, unknown>> = {},
  ): Promise<string> {
    const { fid } = await this.#command<{ fid: string }>("POST", "/flow", { ...flow, inputs });
    return fid;
  }

  /** The youngest first. @param filter `page` from 1 on, of 20 runs or of `pageSize` */
  async runs({
    state,
    path,
    page = 1,
    pageSize = 20,
  }: {
    readonly state?: FlowRun["state"];
    readonly path?: string;
    readonly page?: number;
    readonly pageSize?: number;
  } = {}): Promise<RunPage> {
    const query = new URLSearchParams({ p: String(page), pp: String(pageSize) });
    if (state !== undefined) query.set("state", state);
    if (path !== undefined) query.set("path", path);
    return (await this.#get(`/flow?${query.toString()}`)) as RunPage;
  }

  async run(fid: string): Promise<FlowRun> {
    return (await this.#get(pathOf(fid, "state"))) as FlowRun;
  }

  /** Answers what a run asks, also before it has asked. Of two who answer one question the second is refused. */
  answer(fid: string, lid: string, result: unknown): Promise<FlowRun> {
    return this.#command("PUT", pathOf(fid, "lock"), { lid, result });
  }

  kill(fid: string): Promise<FlowRun> {
    return this.#command("PUT", pathOf(fid, "kill"));
  }

  /** Somebody has seen how it ended. */
  acknowledge(fid: string): Promise<FlowRun> {
    return this.#command("PUT", pathOf(fid, "ack"));
  }

  /** Runs once more what has ended; gives the new run's id. */
  async restart(fid: string): Promise<string> {
    const { fid: again } = await this.#command<{ fid: string }>("PUT", pathOf(fid, "restart"));
    return again;
  }

  /** A run that has ended is in no list any more. */
  async delete(fid: string): Promise<void> {
    await this.#command("PUT", pathOf(fid, "delete"));
  }

  /** A link that opens the run's state to whoever has it. @param expiresIn `1h`, `30d` at most */
  share(fid: string, expiresIn = "1h"): Promise<{ readonly url: string; readonly expires_at: string }> {
    return this.#command("PUT", pathOf(fid, "share"), { expires_in: expiresIn });
  }

  /**
   * Tells all that becomes of a run, from its first event on and each once; resolves with the run when it has ended.
   * A stream that breaks goes on behind the last event that was read. Aborted by the signal it rejects with its reason.
   */
  async follow(fid: string, onEvent: (event: RunEvent) => void = () => {}, signal?: AbortSignal): Promise<FlowRun> {
    signal?.throwIfAborted();
    await this.run(fid);
    const told = new Set<string>();
    let stream: EventStream | undefined;
    let abort = (): void => {};
    try {
      await new Promise<void>((resolve, reject) => {
        abort = () => reject(signal?.reason as Error);
        signal?.addEventListener("abort", abort);
        stream = this.#streamOf(fid, (event) => {
          if (told.has(event.id)) return;
          told.add(event.id);
          onEvent({ type: event.type, payload: event.payload });
          if (ENDS.has(event.type)) resolve();
        });
        stream.open().catch(reject);
      });
      return await this.run(fid);
    } finally {
      signal?.removeEventListener("abort", abort);
      stream?.close();
    }
  }

  #streamOf(fid: string, onEvent: (event: RunEvent & { readonly id: string }) => void): EventStream {
    return new EventStream({
      ...this.#access,
      path: pathOf(fid, "stream"),
      log: (_level, text, error) => this.#log("warn", text, error),
      onEnvelope: (json) => {
        const event = eventOf(json);
        if (event) onEvent(event);
      },
    });
  }

  async #get(path: string): Promise<unknown> {
    const { body } = await this.#requests.send({ method: "GET", path, bytesMax: BYTES_MAX, expected: [200] });
    return body;
  }

  async #command<Body>(method: "POST" | "PUT", path: string, body?: object): Promise<Body> {
    const headers = { "idempotency-key": crypto.randomUUID() };
    const request = { method, path, body, headers, bytesMax: BYTES_MAX, expected: [200, 201, 204] };
    return (await this.#requests.send(request)).body as Body;
  }
}

const pathOf = (fid: string, action: string): string => `/${encodeURIComponent(fid)}/${action}`;

function eventOf(json: string): (RunEvent & { readonly id: string }) | undefined {
  try {
    const { envelope_id: id, payload_type: type, payload } = JSON.parse(json) as Readonly<Record<string, unknown>>;
    if (typeof id !== "string" || typeof type !== "string") return undefined;
    return { id, type, payload: Object(payload) as RunEvent["payload"] };
  } catch {
    // Frames of the stream itself, such as its end.
    return undefined;
  }
}
