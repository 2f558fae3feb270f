/** What is asked for: `limit` rows, `skip` rows behind a cursor or behind the beginning. */
export interface PageQuestion {
  readonly cursor: string | undefined;
  readonly skip: number;
  readonly limit: number;
  /** Whether the total is wanted as well: it is what costs. */
  readonly count: boolean;
}
export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Null: these are the last rows. */
  readonly nextCursor: string | null;
  /** How many there are in all, where that was wanted. */
  readonly total?: number | undefined;
}
export type FetchPage<Row> = (question: PageQuestion, signal: AbortSignal) => Promise<Page<Row>>;

const PAGE_ROWS = 100;
const PAGES_MAX = 40;
const CURSORS_MAX = 10_000;

/**
 * The rows of a long list, of which only what is looked at is fetched. Keeps the pages seen last, and the cursors it
 * met: whatever lies behind one is reached without walking the whole list. Where rows come and go a cursor is as many
 * rows off as came before it: it is followed all the same, but not by more than a page, and not to the end.
 */
export class RowPages<Row> {
  readonly #fetch: FetchPage<Row>;
  readonly #changed: (error: Error | undefined) => void;
  /** By number; the one used last is the last. */
  readonly #pages = new Map<number, readonly Row[]>();
  /** Number of a page -> the cursor that leads to its first row. */
  readonly #cursors = new Map<number, string>();
  readonly #underWay = new Map<number, AbortController>();
  #wanted: readonly number[] = [];
  #total: number | undefined;
  /** The total when the first of the cursors was met. */
  #totalOfCursors = 0;

  /** @param changed hears when rows or the total came, or why they did not */
  constructor(fetch: FetchPage<Row>, changed: (error: Error | undefined) => void) {
    this.#fetch = fetch;
    this.#changed = changed;
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
  show(first: number, count: number): void {
    this.#wanted = pagesOf(first, count);
    for (const [page, abort] of this.#underWay) if (!this.#wanted.includes(page)) abort.abort();
    for (const page of this.#wanted) {
      const known = this.#pages.get(page);
      if (known) this.#keep(page, known);
      else if (!this.#underWay.has(page)) void this.#ask(page, { count: this.#total === undefined });
    }
  }

  /** Fetches again what is shown; what is shown stays until then, and what is not is forgotten. */
  async again(): Promise<void> {
    for (const page of this.#pages.keys()) if (!this.#wanted.includes(page)) this.#pages.delete(page);
    // In order: each tells where the next begins.
    for (const page of this.#wanted) await this.#ask(page, { count: page === this.#wanted[0] });
  }

  close(): void {
    for (const abort of this.#underWay.values()) abort.abort();
  }

  async #ask(page: number, { count }: { readonly count: boolean }): Promise<void> {
    this.#underWay.get(page)?.abort();
    const abort = new AbortController();
    this.#underWay.set(page, abort);
    try {
      const start = this.#startOf(page);
      let answer = await this.#fetch({ ...start, limit: PAGE_ROWS, count }, abort.signal);
      if (start.cursor !== undefined && this.#missesTheEnd(page, answer)) {
        this.#cursors.clear();
        answer = await this.#fetch({ ...this.#startOf(page), limit: PAGE_ROWS, count: true }, abort.signal);
      }
      if (abort.signal.aborted) return;
      this.#take(page, answer);
      this.#changed(undefined);
    } catch (error) {
      if (!abort.signal.aborted) this.#changed(error as Error);
    } finally {
      if (this.#underWay.get(page) === abort) this.#underWay.delete(page);
    }
  }

  #missesTheEnd(page: number, { rows, nextCursor, total = this.#total }: Page<Row>): boolean {
    return nextCursor === null && page * PAGE_ROWS + rows.length !== total;
  }

  #take(page: number, { rows, nextCursor, total = this.#total ?? 0 }: Page<Row>): void {
    const seen = page * PAGE_ROWS + rows.length;
    // A page and the count are two looks at a list that moves: the rows are right.
    const isEnd = nextCursor === null && rows.length > 0;
    this.#total = isEnd ? seen : Math.max(total, nextCursor === null ? 0 : seen + 1);
    if (Math.abs(this.#total - this.#totalOfCursors) > PAGE_ROWS) {
      this.#cursors.clear();
      this.#totalOfCursors = this.#total;
    }
    this.#keep(page, rows);
    if (nextCursor !== null && this.#cursors.size < CURSORS_MAX) this.#cursors.set(page + 1, nextCursor);
  }

  #keep(page: number, rows: readonly Row[]): void {
    this.#pages.delete(page);
    this.#pages.set(page, rows);
    for (const oldest of this.#pages.keys()) {
      if (this.#pages.size <= PAGES_MAX) return;
      this.#pages.delete(oldest);
    }
  }

  #startOf(page: number): Pick<PageQuestion, "cursor" | "skip"> {
    let nearest = 0;
    for (const known of this.#cursors.keys()) if (known <= page && known > nearest) nearest = known;
    return { cursor: this.#cursors.get(nearest), skip: (page - nearest) * PAGE_ROWS };
  }
}

/** At least the first: how many there are is told with it. */
function pagesOf(first: number, count: number): number[] {
  const from = Math.floor(first / PAGE_ROWS);
  const to = Math.floor(Math.max(first, first + count - 1) / PAGE_ROWS);
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
