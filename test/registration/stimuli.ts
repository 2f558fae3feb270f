import type { Message, Payload } from "../../runtime/core/message.ts";
import { fromRfc3339, toRfc3339 } from "../../runtime/core/time.ts";
import { type World, idOf } from "./world.ts";

/** What happens to a world: a message, or only time. */
export type Stimulus = (world: World) => Message | { readonly later: number };

export const later =
  (ms: number): Stimulus =>
  () => ({ later: ms });

/** The same message with another event time, as of a repartitioned copy or of a sender with a slow clock. */
export const dated =
  (ms: number, stimulus: Stimulus): Stimulus =>
  (world) => ({ ...(stimulus(world) as Message), now: ms });

/** The node introspects; the label stands for the correlation id. */
export const introspected =
  (request: string, more: Payload = {}): Stimulus =>
  (world) =>
    world.fromBus("NodeIntrospectionEvent", {
      node_id: "n1",
      node_type: "effect",
      node_version: "1.2.3",
      capabilities: ["read"],
      endpoints: { api: "http://10.0.0.1:8080" },
      correlation_id: idOf(request),
      ...more,
    });

/** The node ACKs the attempt that this request began, with both ids. */
export const acked = (request: string): Stimulus => ackedNaming({ attempt: request, request });

/** The node sends an ACK with the given ids. */
export const ackedNaming =
  ({ attempt, request }: { readonly attempt?: string; readonly request?: string }): Stimulus =>
  (world) =>
    world.fromBus("NodeRegistrationAcked", {
      node_id: "n1",
      registration_attempt_id: attempt === undefined ? undefined : world.attemptOf(attempt),
      correlation_id: request === undefined ? undefined : idOf(request),
    });

export const heartbeat = (): Stimulus => (world) => world.fromBus("NodeHeartbeatEvent", { node_id: "n1" });

export const deregistered =
  (reason?: string): Stimulus =>
  (world) =>
    world.fromBus("NodeDeregister", { node_id: "n1", reason });

const WRITES = {
  consul: { intent: "consul.register", outcome: "ConsulRegistrationConfirmed" },
  postgres: { intent: "postgres.upsert_registration", outcome: "PostgresRegistrationConfirmed" },
} as const;
type Backend = keyof typeof WRITES;

/** Request of the attempt; default: the current one. Without such an intent the outcome belongs to no entity. */
interface Whose {
  readonly of?: string;
}

function askedOf(world: World, backend: Backend, { of }: Whose) {
  const attemptId = of === undefined ? world.entity?.attempt.id : world.attemptOf(of);
  const asked = world.intents.findLast((each) => each.type === WRITES[backend].intent && each.attemptId === attemptId);
  return { intentId: asked?.id ?? idOf("no intent"), attemptId: asked?.attemptId ?? idOf("nobody") };
}

/** A backend has carried out its last intent. */
export const confirmed =
  (backend: Backend, whose: Whose = {}): Stimulus =>
  (world) =>
    world.fromShell("outcome", WRITES[backend].outcome, { version: 1 }, askedOf(world, backend, whose));

/** A backend has refused for good, or its retries are used up. */
export const failed =
  (backend: Backend, whose: Whose = {}): Stimulus =>
  (world) =>
    world.fromShell(
      "outcome",
      `failed(${WRITES[backend].intent})`,
      { backend, error_code: "REFUSED", message: `${backend} said no` },
      askedOf(world, backend, whose),
    );

/** The last event of this type has reached the bus. */
export const published =
  (type: string, { of }: Whose = {}): Stimulus =>
  (world) => {
    const attemptId = of === undefined ? world.entity?.attempt.id : world.attemptOf(of);
    const event = world.events.findLast((each) => each.type === type && each.attemptId === attemptId);
    return world.fromShell("published", `published(${type})`, event?.payload ?? {}, {
      attemptId: event?.attemptId ?? idOf("nobody"),
    });
  };

/** The named deadline is due and fires. Where none is armed, it fires for a time in the past. */
export const deadlinePassed =
  (name: string): Stimulus =>
  (world) => {
    const armed = world.entity?.deadlines[name];
    const at = armed?.at ?? world.now;
    const renewed_at = armed?.renewedAt == null ? null : toRfc3339(armed.renewedAt);
    return world.fromShell("deadline", `deadline(${name})`, { deadline_at: toRfc3339(at), renewed_at }, { now: at });
  };

/** A firing of a deadline that has been moved since. */
export const deadlinePassedTooSoon =
  (name: string): Stimulus =>
  (world) => {
    const fired = deadlinePassed(name)(world) as Message;
    const at = (fromRfc3339(String(fired.payload["deadline_at"])) ?? 0) - 1;
    return { ...fired, now: at, payload: { ...fired.payload, deadline_at: toRfc3339(at) } };
  };
