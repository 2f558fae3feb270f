import type { Clock } from "../../ports/clock.ts";
import type { LineEnds, Notices } from "../../ports/notices.ts";
import type { Sql } from "../../ports/store.ts";
import type { TurnRow } from "../../stored/read-lines.ts";
import { readLineEnds, readRowPage } from "../../stored/row-pages.ts";
import { readSourceOffsets } from "../../stored/source-offsets.ts";
import { groupBy } from "../group-by.ts";
import type { CommittedTurn } from "../shell-event.ts";

/** How often partitions are read in any case: what no notice tells is late by so much. */
const READ_EVERY_MS = 250;
/** The same while no notice of another process arrives. */
const UNHEARD_READ_EVERY_MS = 50;
const RETRY_MS = 1_000;

/** Reads partitions of a domain's journal through the reader that they all share. */
export interface JournalSubscriber {
  /**
   * Rows of a partition, in order and each once. The first one may begin before the line that was asked for.
   * @param entities as the turn left them, by id; only for turns of this process
   */
  onRows(rows: readonly TurnRow[], entities?: CommittedTurn["entities"]): void;
  /** What was passed on ends with a whole turn. */
  onCaughtUp(partition: number): void;
}

/** A place in the log that is waited for. */
interface AwaitedOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** The record was taken, and all lines of its turn were passed on. */
  readonly onTaken: (entities?: CommittedTurn["entities"]) => void;
}

/** A partition that somebody reads. */
interface Tail {
  readonly partition: number;
  /** The last line that was passed on. */
  position: number;
  readonly subscribers: Set<JournalSubscriber>;
}

interface JournalReaderOptions {
  readonly domain: string;
  readonly store: Sql;
  readonly clock: Clock;
  readonly notices: Notices;
}

/**
 * Reads new lines of a domain's journal once for all who wait for them, whichever process writes them: at each notice,
 * and in any case several times a second. Turns of this process are passed on without a read. While nobody waits
 * nothing is read.
 */
export class JournalReader {
  readonly #options: JournalReaderOptions;
  readonly #tails = new Map<number, Tail>();
  readonly #offsets = new Set<AwaitedOffset>();
  /** Ends that are being read, by partition: all who ask meanwhile get the same. */
  readonly #asked = new Map<number, Promise<number>>();
  /** Ends that notices tell, of tails that have not read so far. */
  readonly #told = new Map<number, number>();
  readonly #unlisten: () => void;
  #isRunning = false;
  #isClosed = false;
  /** Monotonic ms of the last read of all tails. */
  #readAllMs = 0;
  #wake = (): void => {};

  constructor(options: JournalReaderOptions) {
    this.#options = options;
    this.#unlisten = options.notices.listen((domain, ends) => domain === options.domain && this.#onNotice(ends));
  }

  /**
   * Passes on every line behind these positions, and perhaps earlier ones again. The function returned ends it.
   * @param from line by partition
   * @returns undefined when the reader is beyond one of them already: what lies between must be read first
   */
  join(from: LineEnds, subscriber: JournalSubscriber): (() => void) | undefined {
    if (this.#isClosed) return () => {};
    if ([...from].some(([partition, line]) => (this.#tails.get(partition)?.position ?? line) > line)) return undefined;
    const joined = [...from].map(([partition, position]) => {
      const tail = this.#tails.get(partition) ?? { partition, position, subscribers: new Set() };
      this.#tails.set(partition, tail);
      tail.subscribers.add(subscriber);
      return tail;
    });
    if (!this.#isRunning) void this.#run();
    return () => {
      for (const { subscribers, partition } of joined)
        if (subscribers.delete(subscriber) && subscribers.size === 0) this.#tails.delete(partition);
    };
  }

  /** The last line that was passed on; undefined: nobody reads the partition. */
  positionOf(partition: number): number | undefined {
    return this.#tails.get(partition)?.position;
  }

  /** Where a reader of the partition may join: every line that is committed from now on lies behind it. */
  async endOf(partition: number): Promise<number> {
    const known = this.positionOf(partition);
    if (known !== undefined) return known;
    const asked = this.#asked.get(partition) ?? this.#readEnd(partition);
    this.#asked.set(partition, asked);
    const end = await asked.finally(() => this.#asked.delete(partition));
    return this.positionOf(partition) ?? end;
  }

  async #readEnd(partition: number): Promise<number> {
    const { store, domain } = this.#options;
    return (await readLineEnds(store, domain, [partition])).get(partition) ?? 0;
  }

  /** Calls once when a turn has taken the record. Somebody must have joined its partition. The function ends it. */
  awaitOffset(awaited: AwaitedOffset): () => void {
    this.#offsets.add(awaited);
    return () => void this.#offsets.delete(awaited);
  }

  /** A turn of this process is committed. */
  passOn({ partitions, entities }: CommittedTurn): void {
    if (this.#tails.size === 0) return;
    for (const { partition, lastLine, rows, positions } of partitions) {
      const tail = this.#tails.get(partition);
      if (!tail) continue;
      // Otherwise a read is under way, or lines of another owner lie between.
      if (rows[0]?.seq === tail.position + 1) this.#deliver(tail, rows, entities);
      if (tail.position < lastLine) this.#onNotice(new Map([[partition, lastLine]]));
      else
        for (const awaited of this.#offsets)
          if (awaited.partition === partition && (positions.get(awaited.topic) ?? 0) > awaited.offset)
            this.#taken(awaited, entities);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#unlisten();
    this.#tails.clear();
    this.#offsets.clear();
    this.#wake();
  }

  #onNotice(ends: LineEnds): void {
    for (const [partition, line] of ends) {
      const tail = this.#tails.get(partition);
      if (!tail) continue;
      const isAwaited = [...this.#offsets].some((awaited) => awaited.partition === partition);
      if (line > tail.position || isAwaited) this.#told.set(partition, line);
    }
    if (this.#told.size > 0) this.#wake();
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    this.#isRunning = true;
    this.#readAllMs = clock.monotonicMs();
    while (this.#tails.size > 0) {
      await this.#pause();
      await this.#read().catch(() => new Promise<void>((resolve) => clock.after(RETRY_MS, resolve)));
    }
    this.#told.clear();
    this.#isRunning = false;
  }

  /** Until a notice, or until all are to be read. */
  #pause(): Promise<void> {
    const { clock } = this.#options;
    if (this.#told.size > 0) return clock.afterIo();
    return new Promise((resolve) => {
      // In whole ms: a timer that is a fraction too early would find nothing due, and wait for that fraction again.
      const cancel = clock.after(Math.max(0, Math.ceil(this.#dueMs - clock.monotonicMs())), resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }

  get #dueMs(): number {
    const { isHeard } = this.#options.notices.status;
    return this.#readAllMs + (isHeard ? READ_EVERY_MS : UNHEARD_READ_EVERY_MS);
  }

  async #read(): Promise<void> {
    const { clock, store, domain } = this.#options;
    if (this.#tails.size === 0) return;
    const nowMs = clock.monotonicMs();
    const isDue = nowMs >= this.#dueMs;
    const told = new Map(this.#told);
    this.#told.clear();
    // Before the lines: a record that was taken then has its lines among those that are read now.
    const taken = await this.#readOffsets();
    const isAll = isDue || taken.length > 0;
    const tails = [...this.#tails.values()].filter(({ partition }) => isAll || told.has(partition));
    const partitions = tails.map(({ partition }) => partition);
    const ends = isAll ? await readLineEnds(store, domain, partitions) : told;
    if (isAll) this.#readAllMs = nowMs;
    await this.#readTo(ends, tails);
    for (const awaited of taken) this.#taken(awaited);
  }

  /** @returns those whose record was taken */
  async #readOffsets(): Promise<readonly AwaitedOffset[]> {
    const awaited = [...this.#offsets];
    if (awaited.length === 0) return [];
    const { store, domain } = this.#options;
    const topics = [...new Set(awaited.map(({ topic }) => topic))];
    const stored = await readSourceOffsets(store, domain, topics);
    const next = new Map(stored.map(({ topic, partition, nextOffset }) => [`${partition} ${topic}`, nextOffset]));
    return awaited.filter(({ topic, partition, offset }) => (next.get(`${partition} ${topic}`) ?? 0) > offset);
  }

  #taken(awaited: AwaitedOffset, entities?: CommittedTurn["entities"]): void {
    if (this.#offsets.delete(awaited)) awaited.onTaken(entities);
  }

  /** Page by page. Turns of this process may be passed on meanwhile. */
  async #readTo(ends: LineEnds, tails: readonly Tail[]): Promise<void> {
    const { store, domain } = this.#options;
    for (;;) {
      const spans = tails.flatMap((tail) => {
        const { partition, position } = tail;
        const upto = ends.get(partition) ?? 0;
        const isRead = this.#tails.get(partition) === tail && upto > position;
        return isRead ? [{ partition, after: position, upto }] : [];
      });
      if (spans.length === 0) return;
      const page = await readRowPage(store, domain, spans);
      const rowsOf = groupBy(page, ({ partition }) => partition);
      for (const tail of tails) {
        if (!spans.some(({ partition }) => partition === tail.partition)) continue;
        if (this.#tails.get(tail.partition) !== tail) continue;
        const rows = rowsOf.get(tail.partition) ?? [];
        this.#deliver(tail, rows.filter(hasLines), undefined, ends.get(tail.partition));
        // Of a day that was dropped nothing is left.
        if (rows.length === 0) tail.position = Math.max(tail.position, ends.get(tail.partition) ?? 0);
      }
    }
  }

  /** @param wholeAt the line with which a turn ends; undefined: the rows are all of a turn */
  #deliver(
    tail: Tail,
    rows: readonly TurnRow[],
    entities: CommittedTurn["entities"] | undefined,
    wholeAt = rows.at(-1)?.last_seq,
  ): void {
    const fresh = rows.filter(({ last_seq }) => last_seq > tail.position);
    const last = fresh.at(-1);
    if (!last) return;
    tail.position = last.last_seq;
    const subscribers = [...tail.subscribers];
    for (const subscriber of subscribers) subscriber.onRows(fresh, entities);
    if (tail.position >= (wholeAt ?? 0)) for (const subscriber of subscribers) subscriber.onCaughtUp(tail.partition);
  }
}

const hasLines = <Row extends { readonly lines: string | null }>(row: Row): row is Row & { readonly lines: string } =>
  row.lines !== null;
