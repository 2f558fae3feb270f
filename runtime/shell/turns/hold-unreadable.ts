import type { InboxItem } from "./inbox.ts";
import { entityIdOf, type WorkItem } from "./read-items.ts";
import type { UnreadableEntities } from "./unreadable-entities.ts";

/** What of a turn's work can be done, and the items that wait for entities which can't be read. */
export interface DividedWork {
  readonly work: readonly WorkItem[];
  readonly held: readonly InboxItem[];
}

/**
 * Divides a turn's work when entities of it can't be read. A record about one becomes a dead letter, which can be
 * retried; a deadline, an outcome and a confirmed publish wait. A drift is found again by the next comparison, and a
 * purge by the next scan.
 */
export function holdUnreadable(
  work: readonly WorkItem[],
  isUnreadable: (entityId: string) => boolean,
  unreadable: UnreadableEntities,
): DividedWork {
  const held: InboxItem[] = [];
  const left = work.flatMap((each): readonly WorkItem[] => {
    const { item } = each;
    if (each.kind === "bookkeeping" && item.kind === "published") {
      const waiting = item.messages.filter(({ message }) => isUnreadable(message.entityId));
      // At once, since the next turn may be planned before this one is committed.
      for (const { seq } of waiting) item.partition.heldEvents.add(seq);
      held.push(...waiting.map((one) => ({ ...item, throughSeq: one.seq, messages: [one] })));
      return [
        { kind: "bookkeeping", item: { ...item, messages: item.messages.filter((one) => !waiting.includes(one)) } },
      ];
    }
    const entityId = entityIdOf(each);
    if (entityId === undefined || !isUnreadable(entityId)) return [each];
    if (item.kind === "record") {
      const error = `the stored data of ${entityId} can't be read: ${unreadable.problemOf(entityId)?.message ?? ""}`;
      const sealed = "sealed" in each ? each.sealed : undefined;
      return [{ kind: "dead_letter", item, code: "ENTITY_UNREADABLE", error, sealed }];
    }
    if (item.kind === "deadline" || item.kind === "settled") held.push(item);
    return [];
  });
  return { work: left, held };
}
