import type { ComponentChildren } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { rowAfterKey, scrollTopFor, windowOf } from "./row-window.ts";
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
  readonly row: (index: number) => Row | undefined;
  /** Hears which rows are drawn. */
  readonly onWindow: (first: number, count: number) => void;
  readonly onOpen: (row: Row) => void;
}

/** As in the style sheet. */
const ROW_PX = 36;
const BEYOND = 8;

/** A table of as many rows as there may be: those in sight are elements, the rest is height. */
export function VirtualTable<Row>({ label, columns, total, row, onWindow, onOpen }: VirtualTableProps<Row>) {
  const grid = useRef<HTMLDivElement>(null);
  const frame = useRef(0);
  const [at, setAt] = useState({ scrollTop: 0, viewportPx: 600 });
  const [active, setActive] = useState(0);
  const id = useId();
  const scrolled = { ...at, rowPx: ROW_PX, total };
  const { first, count, offsetPx, heightPx } = windowOf(scrolled, BEYOND);

  useLayoutEffect(() => {
    const element = grid.current as HTMLDivElement;
    const resized = new ResizeObserver(() => setAt(placeOf(element)));
    resized.observe(element);
    return () => {
      resized.disconnect();
      cancelAnimationFrame(frame.current);
    };
  }, []);
  useEffect(() => onWindow(first, count), [onWindow, first, count]);

  const scroll = (): void => {
    frame.current ||= requestAnimationFrame(() => {
      frame.current = 0;
      setAt(placeOf(grid.current as HTMLDivElement));
    });
  };
  const press = (event: KeyboardEvent): void => {
    const opened = event.key === "Enter" ? row(active) : undefined;
    if (opened !== undefined) return onOpen(opened);
    const to = rowAfterKey(event.key, active, scrolled);
    if (to === undefined) return;
    event.preventDefault();
    setActive(to);
    (grid.current as HTMLDivElement).scrollTop = scrollTopFor(to, scrolled);
  };

  const shown = Array.from({ length: count }, (_, index) => first + index);
  return (
    <div
      class="virtual-table"
      role="grid"
      aria-label={label}
      aria-rowcount={total + 1}
      aria-colcount={columns.length}
      aria-activedescendant={shown.includes(active) ? `${id}-${active}` : undefined}
      tabIndex={0}
      ref={grid}
      onScroll={scroll}
      onKeyDown={press}
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
        {shown.map((index, place) => {
          const known = row(index);
          return (
            <div
              key={index}
              id={`${id}-${index}`}
              role="row"
              aria-rowindex={index + 2}
              class={index === active ? "virtual-row active" : "virtual-row"}
              style={{ transform: `translateY(${offsetPx + place * ROW_PX}px)` }}
              onClick={() => setActive(index)}
            >
              {columns.map(({ name, cell }) => (
                <span role="gridcell" key={name} class={name}>
                  {known === undefined ? "…" : cell(known)}
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
const placeOf = ({ scrollTop, clientHeight }: HTMLDivElement) => ({
  scrollTop,
  viewportPx: Math.max(ROW_PX, clientHeight - ROW_PX),
});
