import type { Json } from "../../../runtime/core/message.ts";
import type { DescribedNode } from "./events.ts";

/** Whether both say the same, in whatever order an object's keys are; a list's order counts. */
export const isSameNode = (a: DescribedNode, b: DescribedNode): boolean => sorted(a) === sorted(b);

const sorted = (value: object): string =>
  JSON.stringify(value, (_key, inner: Json) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );
