import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { rowForKey, type RowWindow, scrollTopToReveal, rowWindow } from "./row-window.ts";
import "./virtual-table.css";

export interface Column<Row> {
  /** Also the class of its cells. */
  readonly name: string;
  readonly title: string;
  readonly cell: (row: Row) => ComponentChildren;
}
interface VirtualTableProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly total: number;
  /** Undefined until the row is loaded. */
  readonly rowAt: (index: number) => Row | undefined;
  /** Called with the rows that are drawn. */
  readonly onRangeChange: (first: number, count: number) => void;
  readonly onOpenRow: (row: Row) => void;
}

/** As in the style sheet. */
const ROW_PX = 36;
const OVERSCAN_ROWS = 8;

/**
 * A table of any number of rows, of which only the visible ones are elements. A library is no substitute:
 * `@tanstack/virtual-core` is 8.9 kB instead of 0.4 and shows no rows beyond the height that a browser allows an
 * element, which is some 500,000 rows in Firefox; here 1,000,000 are reachable.
 */
export function VirtualTable<Row>(props: VirtualTableProps<Row>) {
  const { label, columns, total, rowAt, onRangeChange, onOpenRow } = props;
  const grid = useRef<HTMLDivElement>(null);
  const [scrollPosition, handleScroll] = useScrollPosition(grid);
  const [active, setActive] = useState(0);
  const id = useId();
  const scrollState = { ...scrollPosition, rowPx: ROW_PX, total };
  const visible = rowWindow(scrollState, OVERSCAN_ROWS);
  const { first, count } = visible;
  useEffect(() => onRangeChange(first, count), [onRangeChange, first, count]);

  const handleKeyDown = (event: KeyboardEvent): void => {
    const openedRow = event.key === "Enter" ? rowAt(active) : undefined;
    if (openedRow !== undefined) return onOpenRow(openedRow);
    const to = rowForKey(event.key, active, scrollState);
    if (to === undefined) return;
    event.preventDefault();
    setActive(to);
    (grid.current as HTMLDivElement).scrollTop = scrollTopToReveal(to, scrollState);
  };
  return (
    <div
      class="virtual-table"
      role="grid"
      aria-label={label}
      aria-rowcount={total + 1}
      aria-colcount={columns.length}
      aria-activedescendant={active >= first && active < first + count ? `${id}-${active}` : undefined}
      tabIndex={0}
      ref={grid}
      onScroll={handleScroll}
      onKeyDown={handleKeyDown}
    >
      <div role="rowgroup" class="virtual-head">
        <div role="row" aria-rowindex={1} class="virtual-row">
          {columns.map(({ name, title }) => (
            <span role="columnheader" key={name} class={name}>
              {title}
            </span>
          ))}
        </div>
      </div>
      <VirtualBody {...{ id, columns, rowAt, visible, active }} onActivate={setActive} />
    </div>
  );
}

interface VirtualBodyProps<Row> extends Pick<VirtualTableProps<Row>, "columns" | "rowAt"> {
  readonly id: string;
  readonly visible: RowWindow;
  readonly active: number;
  readonly onActivate: (index: number) => void;
}

function VirtualBody<Row>({ id, columns, rowAt, visible, active, onActivate }: VirtualBodyProps<Row>) {
  const { first, count, offsetPx, heightPx } = visible;
  return (
    <div role="rowgroup" class="virtual-body" style={{ height: `${heightPx}px` }}>
      {Array.from({ length: count }, (_, slot) => {
        const index = first + slot;
        const rowData = rowAt(index);
        return (
          <div
            key={index}
            id={`${id}-${index}`}
            role="row"
            aria-rowindex={index + 2}
            class={index === active ? "virtual-row active" : "virtual-row"}
            style={{ transform: `translateY(${offsetPx + slot * ROW_PX}px)` }}
            onClick={() => onActivate(index)}
          >
            {columns.map(({ name, cell }) => (
              <span role="gridcell" key={name} class={name}>
                {rowData === undefined ? "…" : cell(rowData)}
              </span>
            ))}
          </div>
        );
      })}
    </div>
  );
}

/** Read at most once in a frame: browsers report scrolling more often. */
function useScrollPosition(grid: RefObject<HTMLDivElement | null>) {
  const frame = useRef(0);
  const [position, setPosition] = useState({ scrollTop: 0, viewportPx: 600 });
  const update = (): void => {
    const { scrollTop, clientHeight } = grid.current as HTMLDivElement;
    // The head covers one row.
    setPosition({ scrollTop, viewportPx: Math.max(ROW_PX, clientHeight - ROW_PX) });
  };
  const handleScroll = (): void => {
    frame.current ||= requestAnimationFrame(() => {
      frame.current = 0;
      update();
    });
  };
  useLayoutEffect(() => {
    const resized = new ResizeObserver(update);
    resized.observe(grid.current as HTMLDivElement);
    return () => {
      resized.disconnect();
      cancelAnimationFrame(frame.current);
    };
  }, []);
  return [position, handleScroll] as const;
}
