import type { Decision } from "../../../runtime/core/decision.ts";
import type { Entity } from "../../../runtime/core/entity.ts";

/** From one sign of life to the next; undefined when the decision is about none, or about the first. */
export function beatGapMs(
  { entity }: Pick<Decision, "entity">,
  _brokerTimeMs: () => number,
  before: Pick<Entity, "deadlines"> | undefined,
): number | undefined {
  const [was, is] = [before?.deadlines["lease"]?.renewedAt, entity?.deadlines["lease"]?.renewedAt];
  return was == null || is == null || is <= was ? undefined : is - was;
}
