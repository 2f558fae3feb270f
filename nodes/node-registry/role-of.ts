import type { NodeState } from "../../contracts/node-registry/messages/state.ts";
import type { EntityView } from "../../runtime/core/handler.ts";

/** A node that is there has described itself before anything else happens to it. */
export const roleOf = ({ data }: EntityView<NodeState>): string => data.node?.role ?? "none";
