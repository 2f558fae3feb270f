import { expect } from "vitest";
import type { World } from "./world.ts";

const ENDS = ["NodeRegistrationRejected", "NodeRegistrationAckTimedOut", "NodeLivenessExpired", "NodeDeregistered"];
const CONFIRMATIONS = ["ConsulRegistrationConfirmed", "PostgresRegistrationConfirmed"];

/** The promises of reliability.md for one entity, checked on everything that the core has returned. */
export function keepsItsPromises(world: World): void {
  const { events } = world;
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  for (const attemptId of new Set(events.map((event) => event.attemptId))) attemptKeepsThem(world, attemptId);
  for (const { decision } of world.past) {
    expect(decision.result).not.toBe("refused");
    expect(decision.reason).not.toBe("");
    for (const intent of decision.intents) expect(intent.version).toBeLessThanOrEqual(decision.entity?.seq ?? 0);
    if (decision.events.some(({ type }) => ENDS.includes(type)))
      expect(decision.intents.map(({ type }) => type)).toEqual(["consul.deregister", "postgres.update_registration"]);
  }
}

/** An attempt begins once, ends at most once, by its last event, and is active after both confirmations and its ACK. */
function attemptKeepsThem(world: World, attemptId: string): void {
  const own = world.events.filter((event) => event.attemptId === attemptId);
  const types = own.map(({ type }) => type);
  const superseded = world.events.filter(({ payload }) => payload["supersedes"] === attemptId).length;
  const ends = types.filter((type) => ENDS.includes(type)).length;
  expect(types.filter((type) => type === "NodeRegistrationInitiated")).toEqual([types[0]]);
  expect(ends + superseded).toBe(world.entity?.attempt.id === attemptId ? ends : 1);
  expect(ends).toBeLessThanOrEqual(1);
  if (ends === 1) expect(ENDS).toContain(types.at(-1));
  if (!types.includes("NodeBecameActive")) return;

  expect(types.filter((type) => type === "NodeBecameActive")).toHaveLength(1);
  expect(types.slice(0, 4)).toEqual([
    "NodeRegistrationInitiated",
    "NodeRegistrationAccepted",
    "NodeRegistrationAckReceived",
    "NodeBecameActive",
  ]);
  const causes = own[3]?.causationId;
  const came = world.past.findIndex(({ message }) => message.id === causes);
  const ack = world.past[came]?.message;
  expect(ack?.type).toBe("NodeRegistrationAcked");
  expect([undefined, attemptId]).toContain(ack?.payload["registration_attempt_id"]);
  const before = world.past.slice(0, came).filter(({ message }) => message.attemptId === attemptId);
  for (const type of CONFIRMATIONS) expect(before.some(({ message }) => message.type === type)).toBe(true);
}
