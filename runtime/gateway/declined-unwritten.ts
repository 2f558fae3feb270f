import type { Declined } from "../core/decision.ts";
import type { Domain } from "../core/domain.ts";
import type { Entity } from "../core/entity.ts";
import { loadEntity } from "../core/entity-data.ts";
import type { Message } from "../core/message.ts";
import { step } from "../core/step.ts";

/** Whether a turn may take the message and journal nothing: then only its place in the log tells that it was taken. */
export const mayStayUnwritten = ({ consumed, refusals, doorRequired }: Domain, { type, door }: Message): boolean =>
  refusals.size > 0 ||
  doorRequired.has(type) ||
  door?.if_match !== undefined ||
  consumed.some((each) => each.type === type && !each.journal);

/**
 * Why the contract declined a message of which the journal has nothing: its entity is not there, or its type is not
 * journaled. Deciding is pure and such a message has moved nothing, so it is decided once more.
 * @param entity as it was after the message's turn, or later
 * @returns undefined when it is not declined; also for one that may have been decided long ago, in another state
 */
export function declinedUnwritten(
  domain: Domain,
  entity: Entity | undefined,
  message: Message,
): { readonly declined: Declined; readonly reason: string } | undefined {
  const isJournaled = domain.consumed.some(({ type, journal }) => type === message.type && journal);
  if (entity && isJournaled) return undefined;
  const decided = step(domain, entity && loadEntity(domain, entity), message);
  // Something would have come of it: so its door counted no more when the message was taken.
  const isWithoutDoor = entity === undefined && decided.result === "changed";
  const { declined, reason } = isWithoutDoor ? step(domain, entity, { ...message, door: undefined }) : decided;
  return declined && { declined, reason };
}
