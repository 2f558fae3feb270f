import { nextHeartbeatMs } from "../../../contracts/node-registry/messages/status.ts";
import type { Decision } from "../../../runtime/core/decision.ts";
import type { Entity } from "../../../runtime/core/entity.ts";

/** How much later than it should a sign of life came; undefined when the decision is about none, or about the first. */
export function heartbeatLatenessMs(
  { entity }: Pick<Decision, "entity">,
  _brokerTimeMs: () => number,
  before: Pick<Entity, "deadlines"> | undefined,
): number | undefined {
  const [was, is] = [before?.deadlines["lease"], entity?.deadlines["lease"]];
  if (was?.renewedAt == null || is?.renewedAt == null || is.renewedAt <= was.renewedAt) return undefined;
  return Math.max(0, is.renewedAt - nextHeartbeatMs(was.renewedAt, was.at));
}
