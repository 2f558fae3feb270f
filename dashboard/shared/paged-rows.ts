import type { ListPage } from "./list-page.ts";

/** `limit` rows, from `skip` rows after the cursor, or after the beginning without one. */
export interface RowPageRequest {
  readonly cursor: string | undefined;
  readonly skip: number;
  readonly limit: number;
  /** Whether the total is wanted too. Counting costs the server more than reading. */
  readonly count: boolean;
}
export type FetchRowPage<Row> = (request: RowPageRequest, signal: AbortSignal) => Promise<ListPage<Row>>;

const PAGE_ROWS = 100;
const PAGES_MAX = 40;
const CURSORS_MAX = 10_000;

/**
 * The rows of a long list, of which only the visible ones are fetched. Keeps the pages seen last, and the cursors it
 * has received: they lead far into the list without the server counting rows from its start. Rows that come and go
 * before a cursor make it wrong by their number. Such a cursor is still used, unless it is wrong by more than a page
 * or leads to the end of the list.
 */
export class PagedRows<Row> {
  readonly #fetch: FetchRowPage<Row>;
  readonly #onChange: (error: Error | undefined) => void;
  /** By page number; the most recently used one is the last. */
  readonly #pages = new Map<number, readonly Row[]>();
  /** Page number -> the cursor that leads to its first row. */
  readonly #cursors = new Map<number, string>();
  readonly #inFlight = new Map<number, AbortController>();
  #visiblePages: readonly number[] = [];
  #total: number | undefined;
  /** The total when the oldest of the cursors was received. */
  #totalAtFirstCursor = 0;

  /** @param onChange called when rows or the total arrived, or with the error when they could not be fetched */
  constructor(fetch: FetchRowPage<Row>, onChange: (error: Error | undefined) => void) {
    this.#fetch = fetch;
    this.#onChange = onChange;
  }

  /** Undefined until the first answer. */
  get total(): number | undefined {
    return this.#total;
  }

  /** Undefined until it is fetched. */
  row(index: number): Row | undefined {
    return this.#pages.get(Math.floor(index / PAGE_ROWS))?.[index % PAGE_ROWS];
  }

  /** Fetches those of these rows that are missing, and aborts the requests for other rows. */
  showRows(first: number, count: number): void {
    this.#visiblePages = pageNumbersFor(first, count);
    for (const [page, abort] of this.#inFlight) if (!this.#visiblePages.includes(page)) abort.abort();
    for (const page of this.#visiblePages) {
      const known = this.#pages.get(page);
      if (known) this.#cachePage(page, known);
      else if (!this.#inFlight.has(page)) void this.#fetchPage(page, { count: this.#total === undefined });
    }
  }

  /** Fetches the visible rows again and forgets all others. The old rows stay visible until then. */
  async refetch(): Promise<void> {
    for (const page of this.#pages.keys()) if (!this.#visiblePages.includes(page)) this.#pages.delete(page);
    // In order: the answer for a page has the cursor of the next.
    for (const page of this.#visiblePages) await this.#fetchPage(page, { count: page === this.#visiblePages[0] });
  }

  close(): void {
    for (const abort of this.#inFlight.values()) abort.abort();
  }

  async #fetchPage(page: number, { count }: { readonly count: boolean }): Promise<void> {
    this.#inFlight.get(page)?.abort();
    const abort = new AbortController();
    this.#inFlight.set(page, abort);
    try {
      const start = this.#nearestStart(page);
      let answer = await this.#fetch({ ...start, limit: PAGE_ROWS, count }, abort.signal);
      if (start.cursor !== undefined && this.#endsAtWrongTotal(page, answer)) {
        this.#cursors.clear();
        answer = await this.#fetch({ ...this.#nearestStart(page), limit: PAGE_ROWS, count: true }, abort.signal);
      }
      if (abort.signal.aborted) return;
      this.#applyPage(page, answer);
      this.#onChange(undefined);
    } catch (error) {
      if (!abort.signal.aborted) this.#onChange(error as Error);
    } finally {
      if (this.#inFlight.get(page) === abort) this.#inFlight.delete(page);
    }
  }

  #endsAtWrongTotal(page: number, { items, next_cursor, total = this.#total }: ListPage<Row>): boolean {
    return next_cursor === null && page * PAGE_ROWS + items.length !== total;
  }

  #applyPage(page: number, { items, next_cursor, total = this.#total ?? 0 }: ListPage<Row>): void {
    const rowsSoFar = page * PAGE_ROWS + items.length;
    // The list may change between reading the page and counting: then the rows are right and the total is not.
    const isEnd = next_cursor === null && items.length > 0;
    this.#total = isEnd ? rowsSoFar : Math.max(total, next_cursor === null ? 0 : rowsSoFar + 1);
    if (Math.abs(this.#total - this.#totalAtFirstCursor) > PAGE_ROWS) {
      this.#cursors.clear();
      this.#totalAtFirstCursor = this.#total;
    }
    this.#cachePage(page, items);
    if (next_cursor !== null && this.#cursors.size < CURSORS_MAX) this.#cursors.set(page + 1, next_cursor);
  }

  #cachePage(page: number, rows: readonly Row[]): void {
    this.#pages.delete(page);
    this.#pages.set(page, rows);
    for (const oldest of this.#pages.keys()) {
      if (this.#pages.size <= PAGES_MAX) return;
      this.#pages.delete(oldest);
    }
  }

  #nearestStart(page: number): Pick<RowPageRequest, "cursor" | "skip"> {
    let nearest = 0;
    for (const known of this.#cursors.keys()) if (known <= page && known > nearest) nearest = known;
    return { cursor: this.#cursors.get(nearest), skip: (page - nearest) * PAGE_ROWS };
  }
}

/** At least one page: its answer has the total. */
function pageNumbersFor(first: number, count: number): number[] {
  const from = Math.floor(first / PAGE_ROWS);
  const to = Math.floor(Math.max(first, first + count - 1) / PAGE_ROWS);
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
