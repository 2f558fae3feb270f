import { loadEntity, UnreadableData } from "../../core/entity-data.ts";
import { readEntityRecords } from "../../stored/entities.ts";
import { repeat, type ShellContext } from "../shell-context.ts";

const ENTITIES_MAX = 500;

/** Looks from time to time whether entities that could not be read are mended, or gone: then what waits goes on. */
export function startUnreadableRecheck(context: ShellContext): void {
  const { unreadableRecheckMs } = context.limits;
  repeat(context, unreadableRecheckMs, async () => {
    // While the store can't be read they stay as they are.
    if (context.held.unreadable.size > 0) await recheckUnreadable(context).catch(() => {});
    return unreadableRecheckMs;
  });
}

async function recheckUnreadable({ store, domain, brokerClock, held }: ShellContext): Promise<void> {
  const { unreadable } = held;
  const entities = unreadable.oldest(ENTITIES_MAX);
  const asked = entities.map(({ entityId: id, partition: { number } }) => ({ id, partition: number }));
  const records = new Map(
    (await readEntityRecords(store, domain.name, asked)).map(({ entity }) => [entity.id, entity]),
  );
  for (const { entityId, partition } of entities) {
    if (partition.isLost) continue;
    const entity = records.get(entityId);
    try {
      if (entity) loadEntity(domain, entity);
      unreadable.delete(entityId);
    } catch (error) {
      if (!(error instanceof UnreadableData)) throw error;
      unreadable.add(partition, entityId, error, brokerClock.nowMs());
    }
  }
  held.retryReadable();
}
