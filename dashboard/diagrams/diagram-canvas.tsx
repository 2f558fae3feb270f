import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import type { GraphLayout } from "./graph-layout.ts";
import "./diagram-canvas.css";

interface DiagramCanvasProps {
  /** Of the box that scrolls. */
  readonly label: string;
  /** What the drawing shows, for those who can't see it. */
  readonly description: string;
  /** Undefined: not loaded yet. */
  readonly layout: GraphLayout | undefined;
  /** The node that is scrolled into the middle. */
  readonly centerId: string;
  /** Whether parts of it are buttons, which screen readers do not reach inside of an image. */
  readonly hasButtons?: boolean;
  readonly children: (layout: GraphLayout) => ComponentChildren;
}

/** A box that scrolls, with a drawing as large as its layout. */
export function DiagramCanvas(props: DiagramCanvasProps) {
  const { label, description, layout, centerId, hasButtons = false, children } = props;
  const box = useRef<HTMLDivElement>(null);
  const titleId = useId();
  useEffect(() => {
    const center = layout?.nodes.get(centerId);
    if (!box.current || !center) return;
    box.current.scrollLeft = center.x - box.current.clientWidth / 2;
    box.current.scrollTop = center.y - box.current.clientHeight / 2;
  }, [layout, centerId]);
  return (
    <div class="diagram-canvas" tabIndex={0} role="region" aria-label={label} ref={box}>
      {layout ? (
        <svg
          role={hasButtons ? "group" : "img"}
          aria-labelledby={titleId}
          width={layout.width}
          height={layout.height}
          viewBox={`0 0 ${layout.width} ${layout.height}`}
        >
          <title id={titleId}>{description}</title>
          {children(layout)}
        </svg>
      ) : (
        <p class="note">Drawing …</p>
      )}
    </div>
  );
}

export function ArrowHead({ id, isTaken = false }: { readonly id: string; readonly isTaken?: boolean }) {
  return (
    <marker
      id={id}
      class={isTaken ? "arrow-head taken" : "arrow-head"}
      viewBox="0 0 8 8"
      refX="7"
      refY="4"
      markerWidth="7"
      markerHeight="7"
      orient="auto"
    >
      <path d="M0,0 L8,4 L0,8 z" />
    </marker>
  );
}
