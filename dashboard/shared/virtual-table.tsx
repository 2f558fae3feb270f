import type { ComponentChildren } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { rowForKey, scrollTopToReveal, rowWindow } from "./row-window.ts";
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
  /** Undefined while it is not known. */
  readonly rowAt: (index: number) => Row | undefined;
  /** Hears which rows are drawn. */
  readonly onRangeChange: (first: number, count: number) => void;
  readonly onOpenRow: (row: Row) => void;
}

/** As in the style sheet. */
const ROW_PX = 36;
const OVERSCAN_ROWS = 8;

/** A table of as many rows as there may be: those in sight are elements, the rest is height. */
export function VirtualTable<Row>({ label, columns, total, rowAt, onRangeChange, onOpenRow }: VirtualTableProps<Row>) {
  const grid = useRef<HTMLDivElement>(null);
  const frame = useRef(0);
  const [scrollPosition, setScrollPosition] = useState({ scrollTop: 0, viewportPx: 600 });
  const [active, setActive] = useState(0);
  const id = useId();
  const scrollState = { ...scrollPosition, rowPx: ROW_PX, total };
  const { first, count, offsetPx, heightPx } = rowWindow(scrollState, OVERSCAN_ROWS);

  useLayoutEffect(() => {
    const element = grid.current as HTMLDivElement;
    const resized = new ResizeObserver(() => setScrollPosition(scrollPositionOf(element)));
    resized.observe(element);
    return () => {
      resized.disconnect();
      cancelAnimationFrame(frame.current);
    };
  }, []);
  useEffect(() => onRangeChange(first, count), [onRangeChange, first, count]);

  const handleScroll = (): void => {
    frame.current ||= requestAnimationFrame(() => {
      frame.current = 0;
      setScrollPosition(scrollPositionOf(grid.current as HTMLDivElement));
    });
  };
  const handleKeyDown = (event: KeyboardEvent): void => {
    const openedRow = event.key === "Enter" ? rowAt(active) : undefined;
    if (openedRow !== undefined) return onOpenRow(openedRow);
    const to = rowForKey(event.key, active, scrollState);
    if (to === undefined) return;
    event.preventDefault();
    setActive(to);
    (grid.current as HTMLDivElement).scrollTop = scrollTopToReveal(to, scrollState);
  };

  const visibleIndexes = Array.from({ length: count }, (_, index) => first + index);
  return (
    <div
      class="virtual-table"
      role="grid"
      aria-label={label}
      aria-rowcount={total + 1}
      aria-colcount={columns.length}
      aria-activedescendant={visibleIndexes.includes(active) ? `${id}-${active}` : undefined}
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
      <div role="rowgroup" class="virtual-body" style={{ height: `${heightPx}px` }}>
        {visibleIndexes.map((index, slot) => {
          const rowData = rowAt(index);
          return (
            <div
              key={index}
              id={`${id}-${index}`}
              role="row"
              aria-rowindex={index + 2}
              class={index === active ? "virtual-row active" : "virtual-row"}
              style={{ transform: `translateY(${offsetPx + slot * ROW_PX}px)` }}
              onClick={() => setActive(index)}
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
    </div>
  );
}

/** The head takes a row of what is seen. */
const scrollPositionOf = ({ scrollTop, clientHeight }: HTMLDivElement) => ({
  scrollTop,
  viewportPx: Math.max(ROW_PX, clientHeight - ROW_PX),
});
