import { completeIntent } from "./complete-intent.ts";
import type { Decision } from "./decision.ts";
import type { Domain, IntentSpec } from "./domain.ts";
import type { DriftPayload, InventoryEntry, Repair } from "./drift.ts";
import { type Entity, viewOf } from "./entity.ts";
import { derivedId } from "./ids.ts";
import type { Message } from "./message.ts";

export const driftMessageType = (backend: string): string => `drift(${backend})`;
const backendOf = (type: string): string => type.slice("drift(".length, -1);

/** What an entity's backend differs in, by what was found there. Pure and total, as the domain's own function is. */
export function repairsOf(
  domain: Domain,
  backend: string,
  entity: Entity | undefined,
  entries: readonly InventoryEntry[],
): readonly Repair[] {
  return domain.reconciled.get(backend)?.repairs(entity && viewOf(entity, domain.orchestrator), entries) ?? [];
}

/** Where an intent of this type goes. Actions that emit the same type have the same targets. */
export function intentSpecOf(domain: Domain, type: string): IntentSpec {
  for (const spec of domain.intents.values()) if (spec.type === type) return spec;
  throw new Error(`no intent_emission for ${type}`);
}

/**
 * What a look at a backend leads to: the intents that make it right, for an entity that is as it was when it was
 * compared. Throws where the domain's code does.
 */
export function reconcile(domain: Domain, entity: Entity | undefined, message: Message): Decision {
  const found = message.payload as unknown as DriftPayload;
  const seq = entity?.seq ?? 0;
  if (seq !== found.entity_seq) return decisionOf(entity, [], `${message.type}: it has moved on since it was compared`);
  const held = found.entries.map(({ version, content }) => ({ entityId: message.entityId, version, content }));
  const repairs = repairsOf(domain, backendOf(message.type), entity, held).filter(
    ({ kind }) => found.may_delete || kind !== "leftover",
  );
  const identity = {
    entityId: message.entityId,
    attemptId: entity?.attempt.id || message.id,
    // What someone wrote a higher version into is not left to itself.
    version: Math.max(seq, ...held.map(({ version }) => version)),
    correlationId: entity?.attempt.correlationIds[0] ?? message.correlationId,
  };
  const intents = repairs.map(({ intent }, index) => {
    const id = derivedId("intent", domain.name, message.entityId, identity.attemptId, seq, "repair", index, message.id);
    return completeIntent(domain, intentSpecOf(domain, intent.type), intent, { ...identity, id });
  });
  const reason = repairs.map(({ kind, description }) => `${kind}: ${description}`).join("; ");
  return decisionOf(entity, intents, reason || `${message.type}: nothing differs any more`);
}

const decisionOf = (entity: Entity | undefined, intents: Decision["intents"], reason: string): Decision => ({
  entity,
  events: [],
  intents,
  moves: [],
  result: intents.length > 0 ? "changed" : "no_op",
  reason,
});
