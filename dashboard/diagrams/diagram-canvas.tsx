import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { GraphLayout, LayoutInput } from "./graph-layout.ts";
import "./diagram-canvas.css";

interface DiagramCanvasProps<Graph> {
  /** Of the box that scrolls. */
  readonly label: string;
  /** What the drawing shows, for those who can't see it. */
  readonly description: string;
  /** What is drawn: another object is laid out anew. */
  readonly graph: Graph;
  readonly layoutInput: (graph: Graph) => LayoutInput;
  /** The node that is scrolled into the middle. */
  readonly centerId: string;
  /** Whether parts of it are buttons, which screen readers do not reach inside of an image. */
  readonly hasButtons?: boolean;
  readonly children: (layout: GraphLayout) => ComponentChildren;
}

/** Lays out a graph and draws it in a box that scrolls. */
export function DiagramCanvas<Graph extends object>(props: DiagramCanvasProps<Graph>) {
  const { label, description, graph, centerId, hasButtons = false, children } = props;
  const layout = useGraphLayout(graph, props.layoutInput);
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

/** Undefined until the layout library is loaded, which happens with the first diagram. */
function useGraphLayout<Graph extends object>(
  graph: Graph,
  layoutInput: (graph: Graph) => LayoutInput,
): GraphLayout | undefined {
  const [drawn, setDrawn] = useState<{ readonly graph: Graph; readonly layout: GraphLayout }>();
  useEffect(() => {
    let isCurrent = true;
    void import("./graph-layout.ts").then(({ layoutGraph }) => {
      if (isCurrent) setDrawn({ graph, layout: layoutGraph(layoutInput(graph)) });
    });
    return () => void (isCurrent = false);
  }, [graph]);
  return drawn?.graph === graph ? drawn.layout : undefined;
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
