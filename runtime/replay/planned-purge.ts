import type { Domain } from "../core/domain.ts";
import type { Entity } from "../core/entity.ts";
import type { Message } from "../core/message.ts";
import { purgeMessage, purgePayloadOf } from "../core/runtime-messages.ts";

/**
 * The recorded purge, of the planned entity: it is purged then too, if by then it has been in its state for as long as
 * the edited contract retains it there.
 */
export function plannedPurge(edited: Domain, entity: Entity | undefined, recorded: Message): Message | undefined {
  const retainMs = edited.orchestrator.states.get(entity?.state ?? "")?.retainMs;
  const { by } = purgePayloadOf(recorded);
  if (!entity || retainMs === undefined) return undefined;
  if (by === "retain" && recorded.now - entity.stateSince < retainMs) return undefined;
  return purgeMessage(edited.name, entity, by, recorded.now);
}
