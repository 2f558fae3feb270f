/**
 * Browsers fail on taller elements (Firefox at about 17,000,000 px). Where the rows together would be taller, a pixel
 * of scrolling stands for more than a pixel of rows.
 */
const HEIGHT_MAX_PX = 8_000_000;

export interface ScrollState {
  readonly scrollTop: number;
  readonly viewportPx: number;
  readonly rowPx: number;
  readonly total: number;
}
export interface RowWindow {
  readonly first: number;
  readonly count: number;
  /** From the top of the list to the first row of the window. */
  readonly offsetPx: number;
  /** Of the list. */
  readonly heightPx: number;
}

const heightOf = ({ total, rowPx }: Pick<ScrollState, "total" | "rowPx">): number =>
  Math.min(total * rowPx, HEIGHT_MAX_PX);

/** Pixels of scrolling for each row: `rowPx` until the list would be too tall. */
function pxPerRow(state: ScrollState): number {
  const { viewportPx, rowPx, total } = state;
  const rowsBelow = total - viewportPx / rowPx;
  return rowsBelow > 0 ? (heightOf(state) - viewportPx) / rowsBelow : rowPx;
}

/** The rows to draw where the reader has scrolled to, and `overscanRows` more on either side. Pure. */
export function rowWindow(state: ScrollState, overscanRows: number): RowWindow {
  const { scrollTop, viewportPx, rowPx, total } = state;
  const heightPx = heightOf(state);
  const top = Math.min(Math.max(0, scrollTop), Math.max(0, heightPx - viewportPx));
  const topRow = top / pxPerRow(state);
  const first = Math.max(0, Math.floor(topRow) - overscanRows);
  const last = Math.min(total, Math.ceil(topRow + viewportPx / rowPx) + overscanRows);
  return { first, count: Math.max(0, last - first), offsetPx: top - (topRow - first) * rowPx, heightPx };
}

/** Where to scroll so that all of a row is visible; unchanged when it is visible already. Pure. */
export function scrollTopToReveal(row: number, state: ScrollState): number {
  const { scrollTop, viewportPx, rowPx } = state;
  const perRow = pxPerRow(state);
  const topRow = scrollTop / perRow;
  if (row < topRow) return row * perRow;
  const lastTopRow = row + 1 - viewportPx / rowPx;
  return topRow < lastTopRow ? lastTopRow * perRow : scrollTop;
}

/** The row that a key moves to; undefined for any other key. Pure. */
export function rowForKey(key: string, row: number, { total, viewportPx, rowPx }: ScrollState): number | undefined {
  const page = Math.max(1, Math.floor(viewportPx / rowPx) - 1);
  const steps: Readonly<Record<string, number>> = {
    ArrowDown: row + 1,
    ArrowUp: row - 1,
    PageDown: row + page,
    PageUp: row - page,
    Home: 0,
    End: total - 1,
  };
  const to = steps[key];
  return to === undefined || total === 0 ? undefined : Math.min(Math.max(0, to), total - 1);
}
