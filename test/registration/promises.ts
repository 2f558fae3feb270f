import { expect } from "vitest";
import { type Ack, NodeJudge } from "../promises/registration/node-judge.ts";
import type { World } from "./world.ts";

const ENDS = ["NodeRegistrationRejected", "NodeRegistrationAckTimedOut", "NodeLivenessExpired", "NodeDeregistered"];
const CONFIRMATIONS = ["ConsulRegistrationConfirmed", "PostgresRegistrationConfirmed"];

/** The promises that concern one entity, judged over all that has left the core. */
export function keepsItsPromises(world: World): void {
  expect(new Set(world.events.map(({ id }) => id)).size).toBe(world.events.length);
  expect(brokenIn(world)).toEqual([]);
  for (const { decision } of world.past) {
    expect(decision.result).not.toBe("refused");
    expect(decision.reason).not.toBe("");
    for (const intent of decision.intents) expect(intent.version).toBeLessThanOrEqual(decision.entity?.seq ?? 0);
    if (decision.events.some(({ type }) => ENDS.includes(type)))
      expect(decision.intents.map(({ type }) => type)).toEqual(["consul.deregister", "postgres.update_registration"]);
  }
}

function brokenIn({ past }: World): readonly string[] {
  const broken: string[] = [];
  const acks = new Map<string, Ack>();
  const confirmed = new Set<string>();
  const judge = new NodeJudge((promise, what) => broken.push(`${promise} ${what}`), {
    clocksMs: 0,
    knowsRequests: true,
    ack: (messageId) => acks.get(messageId),
    unconfirmed: ({ attemptId }) => CONFIRMATIONS.filter((type) => !confirmed.has(`${String(attemptId)} ${type}`)),
  });
  for (const { message, decision } of past) {
    const { type, id, entityId, payload, correlationId, now: atMs } = message;
    if (type === "NodeRegistrationAcked")
      acks.set(id, {
        entityId,
        attemptId: payload["registration_attempt_id"],
        correlationId: payload["correlation_id"],
      });
    if (CONFIRMATIONS.includes(type)) confirmed.add(`${message.attemptId} ${type}`);
    for (const event of decision.events)
      judge.event({ type: event.type, id: event.id, cause: event.causationId, payload: event.payload, atMs });
    if (type === "NodeIntrospectionEvent" && decision.entity)
      judge.requested(entityId, correlationId, decision.entity.attempt.id);
  }
  return broken;
}
