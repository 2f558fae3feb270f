/** What is asked for: `limit` rows, `skip` rows behind a cursor or behind the beginning. */
export interface RowPageRequest {
  readonly cursor: string | undefined;
  readonly skip: number;
  readonly limit: number;
  /** Whether the total is wanted as well: it is what costs. */
  readonly count: boolean;
}
export interface RowPage<Row> {
  readonly rows: readonly Row[];
  /** Null: these are the last rows. */
  readonly nextCursor: string | null;
  /** How many there are in all, where that was wanted. */
  readonly total?: number | undefined;
}
export type FetchRowPage<Row> = (question: RowPageRequest, signal: AbortSignal) => Promise<RowPage<Row>>;

const PAGE_ROWS = 100;
const PAGES_MAX = 40;
const CURSORS_MAX = 10_000;

/**
 * The rows of a long list, of which only what is looked at is fetched. Keeps the pages seen last, and the cursors it
 * met: whatever lies behind one is reached without walking the whole list. Where rows come and go a cursor is as many
 * rows off as came before it: it is followed all the same, but not by more than a page, and not to the end.
 */
export class PagedRows<Row> {
  readonly #fetch: FetchRowPage<Row>;
  readonly #onChange: (error: Error | undefined) => void;
  /** By number; the one used last is the last. */
  readonly #pages = new Map<number, readonly Row[]>();
  /** Number of a page -> the cursor that leads to its first row. */
  readonly #cursors = new Map<number, string>();
  readonly #inFlight = new Map<number, AbortController>();
  #visiblePages: readonly number[] = [];
  #total: number | undefined;
  /** The total when the first of the cursors was met. */
  #totalAtFirstCursor = 0;

  /** @param onChange hears when rows or the total came, or why they did not */
  constructor(fetch: FetchRowPage<Row>, onChange: (error: Error | undefined) => void) {
    this.#fetch = fetch;
    this.#onChange = onChange;
  }

  /** Undefined until the first answer. */
  get total(): number | undefined {
    return this.#total;
  }

  /** Undefined while it is not known. */
  row(index: number): Row | undefined {
    return this.#pages.get(Math.floor(index / PAGE_ROWS))?.[index % PAGE_ROWS];
  }

  /** Fetches what of these rows is not known; what else is under way is not wanted any more. */
  showRows(first: number, count: number): void {
    this.#visiblePages = pageNumbersFor(first, count);
    for (const [page, abort] of this.#inFlight) if (!this.#visiblePages.includes(page)) abort.abort();
    for (const page of this.#visiblePages) {
      const known = this.#pages.get(page);
      if (known) this.#cachePage(page, known);
      else if (!this.#inFlight.has(page)) void this.#fetchPage(page, { count: this.#total === undefined });
    }
  }

  /** Fetches again what is shown; what is shown stays until then, and what is not is forgotten. */
  async refetch(): Promise<void> {
    for (const page of this.#pages.keys()) if (!this.#visiblePages.includes(page)) this.#pages.delete(page);
    // In order: each tells where the next begins.
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

  #endsAtWrongTotal(page: number, { rows, nextCursor, total = this.#total }: RowPage<Row>): boolean {
    return nextCursor === null && page * PAGE_ROWS + rows.length !== total;
  }

  #applyPage(page: number, { rows, nextCursor, total = this.#total ?? 0 }: RowPage<Row>): void {
    const rowsSoFar = page * PAGE_ROWS + rows.length;
    // A page and the count are two looks at a list that moves: the rows are right.
    const isEnd = nextCursor === null && rows.length > 0;
    this.#total = isEnd ? rowsSoFar : Math.max(total, nextCursor === null ? 0 : rowsSoFar + 1);
    if (Math.abs(this.#total - this.#totalAtFirstCursor) > PAGE_ROWS) {
      this.#cursors.clear();
      this.#totalAtFirstCursor = this.#total;
    }
    this.#cachePage(page, rows);
    if (nextCursor !== null && this.#cursors.size < CURSORS_MAX) this.#cursors.set(page + 1, nextCursor);
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

/** At least the first: how many there are is told with it. */
function pageNumbersFor(first: number, count: number): number[] {
  const from = Math.floor(first / PAGE_ROWS);
  const to = Math.floor(Math.max(first, first + count - 1) / PAGE_ROWS);
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
