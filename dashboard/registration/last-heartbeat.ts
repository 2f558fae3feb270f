import type { EntityView } from "../../app/http/entities/entity-view.ts";

interface LastHeartbeat {
  readonly agoMs: number;
  /** `near` after two thirds of the time until the deadline, `late` after the deadline. */
  readonly urgency: "fine" | "near" | "late";
}

/** When a node last renewed its deadline, or entered its state; undefined without a deadline. */
export function lastHeartbeat(
  { deadlines, state_since }: Pick<EntityView, "deadlines" | "state_since">,
  nowMs: number,
): LastHeartbeat | undefined {
  const [deadline] = Object.values(deadlines);
  if (!deadline) return undefined;
  const heardMs = Date.parse(deadline.renewed_at ?? state_since);
  const agoMs = Math.max(0, nowMs - heardMs);
  const spent = agoMs / (Date.parse(deadline.at) - heardMs);
  return { agoMs, urgency: spent >= 1 ? "late" : spent >= 2 / 3 ? "near" : "fine" };
}
