import { awaitAsked } from "./awaited-intents.ts";
import { type Decision, noOp } from "./decision.ts";
import type { Domain, IntentSpec } from "./domain.ts";
import type { InventoryEntry, Repair } from "./drift.ts";
import { completeIntent } from "./emission.ts";
import { type Entity, isPurged, viewOf } from "./entity.ts";
import { derivedId } from "./ids.ts";
import type { Message } from "./message.ts";
import { driftPayloadOf, subjectOf } from "./runtime-messages.ts";

/** Where a backend differs from what it should hold for an entity. Pure and total, as the domain's function is. */
export function repairsOf(
  domain: Domain,
  backend: string,
  entity: Entity | undefined,
  entries: readonly InventoryEntry[],
): readonly Repair[] {
  return domain.reconciled.get(backend)?.repairs(entity && viewOf(entity, domain.orchestrator), entries) ?? [];
}

/** How intents of this type are emitted; actions that emit the same type have the same target. */
export function intentSpecOf(domain: Domain, type: string): IntentSpec {
  for (const spec of domain.intents.values()) if (spec.type === type) return spec;
  throw new Error(`no intent_emission for ${type}`);
}

/**
 * The step of a `drift(backend)`: the intents that repair the backend. An entity that has changed since it was compared
 * is left to the next comparison. Throws where the domain's code does.
 */
export function reconcile(domain: Domain, entity: Entity | undefined, message: Message): Decision {
  const found = driftPayloadOf(message);
  // A purged entity is compared as one that is not known.
  const present = isPurged(entity) ? undefined : entity;
  const seq = present?.seq ?? 0;
  if (seq !== found.entity_seq) return noOp(entity, `${message.type}: the entity has changed since it was compared`);
  const held = found.entries.map(({ version, content }) => ({ entityId: message.entityId, version, content }));
  const repairs = repairsOf(domain, subjectOf(message.type), present, held).filter(
    ({ kind }) => found.may_delete || kind !== "leftover",
  );
  const identity = {
    entityId: message.entityId,
    attemptId: entity?.attempt.id || message.id,
    // Effects keep the higher version: an entry that someone wrote a higher one into could not be repaired otherwise.
    version: Math.max(entity?.seq ?? 0, ...held.map(({ version }) => version)),
    correlationId: entity?.attempt.correlationIds[0] ?? message.correlationId,
  };
  const intents = repairs.map(({ intent }, index) => {
    const id = derivedId("intent", domain.name, message.entityId, identity.attemptId, seq, "repair", index, message.id);
    return completeIntent(domain, intentSpecOf(domain, intent.type), intent, { ...identity, id });
  });
  const reason = repairs.map(({ kind, description }) => `${kind}: ${description}`).join("; ");
  if (intents.length === 0) return noOp(entity, `${message.type}: nothing differs any more`);
  const isDocument = entity && domain.lifecycle === "document";
  const after = isDocument ? { ...entity, attempt: awaitAsked(domain, entity.attempt, intents) } : entity;
  return { ...noOp(after, reason), result: "changed", intents };
}
