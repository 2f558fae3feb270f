import { setTimeout as sleep } from "node:timers/promises";
import type { PublishedRecord } from "./evidence.ts";

interface StreamOptions {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Reads an event stream over HTTP as a dashboard does: after a break it goes on behind the last event it had. */
export class EventStreamReader {
  readonly records: PublishedRecord[] = [];
  readonly #url: () => string;
  readonly #options: StreamOptions;
  #lastId: string | undefined;
  #ended = false;
  #connection = new AbortController();
  readonly #connected: Promise<void>;
  #tellConnected = (): void => {};

  /** @param url of the process that serves it now */
  constructor(url: () => string, options: StreamOptions = {}) {
    this.#url = url;
    this.#options = options;
    this.#connected = new Promise((resolve) => (this.#tellConnected = resolve));
    void this.#run();
  }

  /** Resolves when nothing that is published from now on can be missed. */
  connected(): Promise<void> {
    return this.#connected;
  }

  close(): void {
    this.#ended = true;
    this.#connection.abort();
  }

  async #run(): Promise<void> {
    while (!this.#ended) {
      // A process that is gone is come back to.
      await this.#read().catch(() => {});
      if (!this.#ended) await sleep(100);
    }
  }

  async #read(): Promise<void> {
    this.#connection = new AbortController();
    const { path = "/api/v1/events/stream", headers = {} } = this.#options;
    const position: Record<string, string> = this.#lastId === undefined ? {} : { "last-event-id": this.#lastId };
    const { signal } = this.#connection;
    const answer = await fetch(this.#url() + path, { headers: { ...headers, ...position }, signal });
    if (answer.status !== 200 || !answer.body) throw new Error(`the stream answers ${answer.status}`);
    let text = "";
    for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
      const blocks = (text + chunk).split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) this.#take(block);
    }
  }

  #take(block: string): void {
    const fields = block.split("\n").map((line) => line.split(/: ?(.*)/s, 2) as [string, string]);
    const valueOf = (name: string): string | undefined => fields.find(([field]) => field === name)?.[1];
    const data = valueOf("data");
    if (data !== undefined) this.records.push({ value: data, atMs: Date.now() });
    this.#lastId = valueOf("id") ?? this.#lastId;
    this.#tellConnected();
  }
}
