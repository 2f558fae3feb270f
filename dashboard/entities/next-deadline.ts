import type { EntityView } from "../../app/http/entities/entity-view.ts";

interface NextDeadline {
  readonly name: string;
  /** Negative: the deadline has passed. */
  readonly leftMs: number;
}

/** The deadline that comes first. */
export function nextDeadline({ deadlines }: Pick<EntityView, "deadlines">, nowMs: number): NextDeadline | undefined {
  const dues = Object.entries(deadlines).map(([name, { at }]) => ({ name, leftMs: Date.parse(at) - nowMs }));
  return dues.sort((a, b) => a.leftMs - b.leftMs)[0];
}
