import type { RegistrationView } from "../../app/http/entities/registration-view.ts";

interface NextDeadline {
  readonly name: string;
  /** Negative: it is past. */
  readonly leftMs: number;
}
interface LastHeartbeat {
  readonly agoMs: number;
  /** How much of the time that silence may last is over: from two thirds on near, from 1 on late. */
  readonly urgency: "fine" | "near" | "late";
}

/** The deadline that comes first. */
export function nextDeadline(
  { deadlines }: Pick<RegistrationView, "deadlines">,
  nowMs: number,
): NextDeadline | undefined {
  const dues = Object.entries(deadlines).map(([name, { at }]) => ({ name, leftMs: Date.parse(at) - nowMs }));
  return dues.sort((a, b) => a.leftMs - b.leftMs)[0];
}

/** When a node in a state whose deadline can be renewed was last heard of. */
export function lastHeartbeat(
  { deadlines, state_since }: Pick<RegistrationView, "deadlines" | "state_since">,
  nowMs: number,
): LastHeartbeat | undefined {
  const [deadline] = Object.values(deadlines);
  if (!deadline) return undefined;
  const heardMs = Date.parse(deadline.renewed_at ?? state_since);
  const agoMs = Math.max(0, nowMs - heardMs);
  const spent = agoMs / (Date.parse(deadline.at) - heardMs);
  return { agoMs, urgency: spent >= 1 ? "late" : spent >= 2 / 3 ? "near" : "fine" };
}
