import type { Domain } from "../../runtime/core/domain.ts";
import type { Entity } from "../../runtime/core/entity.ts";
import { derivedId } from "../../runtime/core/ids.ts";
import type { Intent } from "../../runtime/core/intent.ts";
import type { Message } from "../../runtime/core/message.ts";
import { step } from "../../runtime/core/step.ts";
import { shippedDomain } from "../../test/registration/shipped-domain.ts";
import { bytesPerEntity, type CoreResult, fromBus, measureSteps, type Script, widened } from "../core.ts";
import { introspection } from "./introspection.ts";

const START_MS = Date.parse("2026-01-01T00:00:00Z");
const HEARTBEATS = 4;
const TRANSITIONS_MORE = 1_000;

/** A step must cost the same however many entities there are, and however many transitions the contracts have. */
export function benchCore(): CoreResult[] {
  const wide = widened(shippedDomain, TRANSITIONS_MORE);
  return [
    measureSteps("registration", shippedDomain, 100, registration),
    measureSteps("registration", shippedDomain, 20_000, registration),
    measureSteps(`registration, ${TRANSITIONS_MORE} transitions more`, wide, 100, registration),
    measureSteps("heartbeats", shippedDomain, 100, heartbeats),
    measureSteps("heartbeats", shippedDomain, 50_000, heartbeats),
  ];
}

/** What an ACTIVE node keeps in memory, its deadline included: bytes. */
export const bytesPerNode = (): number => bytesPerEntity((index) => heartbeats(shippedDomain, index).from);

/** Introspection, both confirmations, the accepted event on the bus, ACK: as the shell would hand them over. */
export function registration(domain: Domain, index: number): Script {
  const id = `node-${index}`;
  const messages: Message[] = [];
  let entity: Entity | undefined;
  let asked: readonly Intent[] = [];
  const take = (message: Message): void => {
    messages.push(message);
    const decision = step(domain, entity, message);
    if (decision.result !== "changed") throw new Error(`${message.type}: ${decision.reason}`);
    entity = decision.entity;
    asked = [...asked, ...decision.intents];
  };
  const fromShell = (kind: Message["kind"], type: string, more: Partial<Message>): Message => ({
    kind,
    type,
    id: derivedId("bench", id, type),
    entityId: id,
    correlationId: derivedId("bench", id),
    payload: {},
    now: START_MS + messages.length,
    attemptId: entity?.attempt.id ?? "",
    ...more,
  });
  take(fromBus(domain, "NodeIntrospectionEvent", introspection(id, index), START_MS));
  for (const { type, id: intentId, payload } of asked) {
    const outcome = domain.effects.get(type)?.outputEvents[0] ?? "";
    take(fromShell("outcome", outcome, { intentId, payload }));
  }
  take(fromShell("published", "published(NodeRegistrationAccepted)", {}));
  take(fromBus(domain, "NodeRegistrationAcked", { node_id: id }, START_MS + messages.length));
  return { from: undefined, messages };
}

function heartbeats(domain: Domain, index: number): Script {
  const script = registration(domain, index);
  const from = script.messages.reduce<Entity | undefined>(
    (entity, each) => step(domain, entity, each).entity,
    undefined,
  );
  const beat = (_: unknown, n: number): Message =>
    fromBus(domain, "NodeHeartbeatEvent", { node_id: from?.id ?? "" }, START_MS + (n + 1) * 10_000);
  return { from, messages: Array.from({ length: HEARTBEATS }, beat) };
}
