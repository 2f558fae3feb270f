import { useEffect, useState } from "preact/hooks";
import type { GraphLayout, LayoutInput } from "./graph-layout.ts";

/**
 * The layout of a graph; undefined until the layout library is loaded, which happens with the first diagram.
 * @param graph what is drawn: another object is laid out anew
 */
export function useGraphLayout<Graph extends object>(
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
