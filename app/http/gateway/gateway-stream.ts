import type { ServerResponse } from "node:http";
import type { Clock } from "../../../runtime/ports/clock.ts";
import { type EventPage, type JournaledEvent, readEventPage } from "../../../runtime/stored/event-pages.ts";
import { firstDayAfterDropped } from "../../../runtime/stored/journal-days.ts";
import type { System } from "../../host/compose.ts";
import { followTail } from "../events/follow-tail.ts";
import type { JournalTail } from "../events/journal-tail.ts";
import { SseWriter } from "../events/sse-writer.ts";
import { encodePosition, type StreamPosition } from "../events/stream-position.ts";

/** What is told before the end is given so long to arrive. */
const END_MS = 1_000;

/** A domain whose events are streamed, and those behind `from` that are there already. */
export interface StreamedDomain {
  readonly system: Pick<System, "store" | "name">;
  readonly tail: JournalTail;
  readonly from: StreamPosition;
  readonly first: EventPage;
  /** The UTC day of the first event that is left, where some behind `from` were dropped. */
  readonly gapUntil: string | undefined;
}

/** What a reader is told at the end. */
export interface StreamEnd {
  readonly code: string;
  readonly reason: string;
}

/** What there is, told before what becomes of it. */
export interface Snapshot {
  readonly domain: string;
  readonly projection: string;
  /** Each row as it is told, in pieces; the next one is read when it is asked for. */
  readonly pieces: AsyncIterable<readonly string[]>;
  /** Called once all was told, or nobody reads it any more. */
  readonly release: () => void;
}

interface GatewayStreamOptions {
  readonly domains: readonly StreamedDomain[];
  /** Of these types, of this entity: others are not read. */
  readonly wanted: Parameters<typeof readEventPage>[4];
  readonly matches: (event: JournaledEvent) => boolean;
  /** Why it ends, once what let it in does not any more. */
  readonly whyItEnds: () => StreamEnd | undefined;
  /** Undefined: the reader has what there was, or has not asked. */
  readonly snapshot?: Snapshot | undefined;
  /** Whether a reader that has missed something is given a snapshot. */
  readonly beginsAnew?: boolean;
  readonly clock: Clock;
  readonly bufferBytesMax: number;
}

/** The cursor of whoever has a part of a snapshot: of which nothing counts before its end. */
export const SNAPSHOT_CURSOR = "snapshot";

/**
 * One reader of the events of some domains. Its cursor is where it has read each partition of each of them, so that it
 * can go on after any break, in any process. Ends with an event `end` that says why.
 */
export class GatewayStream {
  readonly #response: ServerResponse;
  readonly #options: GatewayStreamOptions;
  readonly #writer: SseWriter;
  readonly #positions: number[][];
  /** By domain, the first day that is left, as the reader was told it. */
  readonly #told = new Map<string, string>();
  /** The snapshot is not told to its end. */
  #isBeginning: boolean;

  constructor(response: ServerResponse, options: GatewayStreamOptions) {
    this.#response = response;
    this.#options = options;
    this.#positions = options.domains.map(({ from }) => [...from]);
    this.#isBeginning = options.snapshot !== undefined;
    const { clock, bufferBytesMax } = options;
    this.#writer = new SseWriter(response, {
      ...{ clock, bufferBytesMax, id: () => this.#cursor },
      onUnread: () => this.end("UNREAD", "what was sent was not read: connect again, from the last id"),
    });
  }

  get #cursor(): string {
    return this.#isBeginning ? SNAPSHOT_CURSOR : this.#positions.map(encodePosition).join(".");
  }

  /** Resolves when every domain is followed, or the reader has gone. */
  async run(): Promise<void> {
    const { domains, snapshot } = this.#options;
    for (const { gapUntil, system } of domains) if (gapUntil !== undefined) this.#tellGap(system.name, gapUntil);
    if (snapshot) await this.#tell(snapshot).finally(snapshot.release);
    if (!this.#isBeginning) await Promise.all(domains.map((domain, index) => this.#follow(domain, index)));
  }

  /** As fast as it is read. Cut anywhere, it is no beginning of another one. */
  async #tell({ domain, projection, pieces }: Snapshot): Promise<void> {
    let rows = 0;
    this.#writer.write(`id: ${this.#cursor}\n${frameOf("snapshot", { domain, projection })}`);
    for await (const piece of pieces) {
      this.endIfWithdrawn();
      if (this.#isOver) return;
      rows += piece.length;
      this.#writer.write(piece.map((row) => `event: row\ndata: ${row}\n\n`).join(""));
      await this.#writer.drained();
    }
    if (this.#isOver) return;
    this.#isBeginning = false;
    this.#writer.write(`id: ${this.#cursor}\n${frameOf("snapshot_end", { rows })}`);
  }

  get #isOver(): boolean {
    return this.#response.destroyed || this.#response.writableEnded;
  }

  /** For the time in which no events come: what let it in is asked before each of them too. */
  endIfWithdrawn(): void {
    const end = this.#options.whyItEnds();
    if (end) this.end(end.code, end.reason);
  }

  /** Says why, and ends. */
  end(code: string, reason: string): void {
    if (this.#isOver) return;
    this.#response.end(`id: ${this.#cursor}\n${frameOf("end", { code, reason })}`);
    this.#options.clock.after(END_MS, () => void this.#response.destroy());
  }

  #follow(domain: StreamedDomain, index: number): Promise<void> {
    const { tail, first } = domain;
    const position = (): StreamPosition => this.#positions[index] ?? [];
    return followTail(this.#response, tail, first, {
      position,
      send: (events) => this.#send(index, events),
      moveTo: (upto) => void (this.#positions[index] = [...upto]),
      drained: () => this.#writer.drained(),
      read: (upto) => this.#read(domain, position(), upto),
    });
  }

  /** The next page. A day may go before it is read. */
  async #read({ system }: StreamedDomain, from: StreamPosition, upto: StreamPosition): Promise<EventPage> {
    const { store, name } = system;
    const begins = [...from];
    const page = await readEventPage(store, name, begins, upto, this.#options.wanted);
    const until = await firstDayAfterDropped(store, name, begins);
    if (until === undefined || until === this.#told.get(name)) return page;
    // What is told behind it is of no use to whoever wants to know what there is.
    this.#isBeginning = this.#options.beginsAnew ?? false;
    this.#tellGap(name, until);
    if (this.#isBeginning)
      this.end("GAP", "days were dropped before they were read: connect again, for all that there is");
    return page;
  }

  #tellGap(domain: string, until: string): void {
    this.#told.set(domain, until);
    this.#writer.write(frameOf("gap", { domain, until }));
  }

  #send(index: number, events: readonly JournaledEvent[]): void {
    // Before the position moves over what is not told under the contract of before.
    this.endIfWithdrawn();
    const position = this.#positions[index];
    if (!position || this.#response.writableEnded) return;
    let text = "";
    for (const event of events) {
      const { partition, seq, type, value } = event;
      if (seq <= (position[partition] ?? 0)) continue;
      position[partition] = seq;
      // `data:` takes one line, and an envelope is one line of JSON.
      if (this.#options.matches(event)) text += `id: ${this.#cursor}\nevent: ${type}\ndata: ${value}\n\n`;
    }
    if (text !== "") this.#writer.write(text);
  }
}

/** JSON has no line breaks, whatever text is in it. */
const frameOf = (event: string, data: object): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
