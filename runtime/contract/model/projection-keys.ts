import type { ProjectionModel } from "./read-projections.ts";

/** The columns of the key that the runtime fills: the entity's id, and of a log the message's time. */
export const ownKeyOf = ({ kind, key }: Pick<ProjectionModel, "kind" | "key">) => key.slice(0, kind === "log" ? 2 : 1);
