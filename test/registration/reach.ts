import {
  type Stimulus,
  acked,
  confirmed,
  deadlinePassed,
  deregistered,
  failed,
  introspected,
  published,
} from "./stimuli.ts";

/** The request that began the attempt is a1, of epoch 5. */
export const pending: readonly Stimulus[] = [introspected("a1", { epoch: 5 })];
export const accepted: readonly Stimulus[] = [...pending, confirmed("consul"), confirmed("postgres")];
export const awaitingAck: readonly Stimulus[] = [...accepted, published("NodeRegistrationAccepted")];
export const active: readonly Stimulus[] = [...awaitingAck, acked("a1")];

export const partial: readonly Stimulus[] = [...pending, confirmed("postgres")];
/** Paths to every state in which a registration can be superseded or ended. */
export const LIVE_WAYS: readonly (readonly [string, readonly Stimulus[]])[] = [
  ["PENDING_REGISTRATION", pending],
  ["PENDING_REGISTRATION with one backend confirmed", partial],
  ["ACCEPTED", accepted],
  ["AWAITING_ACK", awaitingAck],
  ["ACTIVE", active],
];

/** The shortest path to each state in which an entity can stay; "(none)" is the contract's null. */
export const REACH: Readonly<Record<string, readonly Stimulus[]>> = {
  "(none)": [],
  PENDING_REGISTRATION: pending,
  ACCEPTED: accepted,
  AWAITING_ACK: awaitingAck,
  ACTIVE: active,
  REJECTED: [...pending, failed("consul")],
  ACK_TIMED_OUT: [...awaitingAck, deadlinePassed("ack")],
  LIVENESS_EXPIRED: [...active, deadlinePassed("liveness")],
  DEREGISTERED: [...active, deregistered()],
};
