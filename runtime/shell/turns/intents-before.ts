import type { Intent } from "../../core/intent.ts";
import { groupBy } from "../group-by.ts";
import type { Partition } from "../partitions/partition.ts";
import type { TurnPlan } from "./turn-plan.ts";

type IntentChanges = Pick<TurnPlan, "intents" | "settled" | "parked">;

/** The open intents that a turn starts from. */
export class IntentsBefore {
  /** The turn that is being committed, or just was: what it asks for may be in its partition already. */
  readonly #base: IntentChanges;
  readonly #byEntity = new Map<Partition, ReadonlyMap<string, readonly Intent[]>>();

  constructor(base: IntentChanges = { intents: [], settled: [], parked: [] }) {
    this.#base = base;
  }

  /** An entity's, oldest first. They are seldom asked for. */
  ofEntity(partition: Partition, entityId: string): readonly Intent[] {
    let byEntity = this.#byEntity.get(partition);
    if (!byEntity) this.#byEntity.set(partition, (byEntity = groupBy(this.#of(partition), ({ entityId: id }) => id)));
    return byEntity.get(entityId) ?? [];
  }

  #of(partition: Partition): readonly Intent[] {
    const { parkedIntents, journaledIntents } = partition;
    const open = new Map([...parkedIntents, ...journaledIntents]);
    for (const each of this.#base.intents) if (each.partition === partition) open.set(each.intent.id, each);
    for (const { intent } of this.#base.settled) open.delete(intent.id);
    return [...open.values()].sort((a, b) => a.seq - b.seq).map(({ intent }) => intent);
  }

  /** Moves the plan's cursors to the line before which no intent is open after it, but for parked ones. */
  movePendingSeqs({ cursors, settled, parked, intents }: IntentChanges & Pick<TurnPlan, "cursors">): void {
    const changes = [...this.#base.settled, ...this.#base.parked, ...settled, ...parked];
    const gone = new Set(changes.map(({ intent }) => intent.id));
    const asked = groupBy(
      [...this.#base.intents, ...intents].filter(({ intent }) => !gone.has(intent.id)),
      ({ partition }) => partition,
    );
    for (const each of cursors.values()) {
      const { partition, nextSeq } = each;
      each.pendingSeq = firstOpen(partition, gone) ?? asked.get(partition)?.[0]?.seq ?? nextSeq;
    }
  }
}

function firstOpen({ journaledIntents }: Partition, gone: ReadonlySet<string>): number | undefined {
  for (const { intent, seq } of journaledIntents.values()) if (!gone.has(intent.id)) return seq;
  return undefined;
}
