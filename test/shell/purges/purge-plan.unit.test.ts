import { describe, expect, it } from "vitest";
import type { Entity } from "../../../runtime/core/entity.ts";
import type { Intent } from "../../../runtime/core/intent.ts";
import type { Message } from "../../../runtime/core/message.ts";
import { purgeMessage } from "../../../runtime/core/runtime-messages.ts";
import { step } from "../../../runtime/core/step.ts";
import { Partition } from "../../../runtime/shell/partitions/partition.ts";
import { InternedValues } from "../../../runtime/shell/turns/interned-values.ts";
import type { WorkItem } from "../../../runtime/shell/turns/read-items.ts";
import { TurnPlan } from "../../../runtime/shell/turns/turn-plan.ts";
import { ordersDomain } from "../orders.ts";
import { retainedFor } from "./retained.ts";

const NOW = Date.parse("2026-03-01T12:00:00Z");
const domain = ordersDomain({ changed: retainedFor(1_000) });
const said = (type: string): Message => ({
  ...{
    kind: "bus",
    type,
    id: type,
    entityId: "o1",
    correlationId: "c1",
    now: NOW,
    payload: { order_id: "o1", amount: 5 },
  },
  origin: { topic: "t", partition: 0, offset: 1 },
});
const placed = step(domain, undefined, said("PlaceOrder"));
const ended = step(domain, placed.entity, said("CancelOrder")).entity as Entity;

/** A turn with the purge of an ended order, whose last line is 10. */
function planned(
  cursors: { readonly publishedSeq: number; readonly outgoingSeq: number },
  { open = [], before = [] }: { readonly open?: readonly Intent[]; readonly before?: readonly Message[] } = {},
) {
  const partition = new Partition({
    ...{ number: 0, epoch: 1, nextSeq: 20, positions: new Map(), entitiesMax: 9, publishedSeq: cursors.publishedSeq },
  });
  partition.outgoingSeq = cursors.outgoingSeq;
  const record = { entity: ended, lastLine: 10, lastLineMs: NOW, lastSeenMs: null };
  const loaded = {
    ...{ entity: () => record, openIntents: () => open, seen: () => false, cursorsOf: () => partition },
    internedValues: new InternedValues(),
  };
  const plan = new TurnPlan(domain, loaded, NOW + 1_000);
  const message = purgeMessage("orders", ended, "retain", NOW + 1_000);
  const work: WorkItem = {
    kind: "step",
    item: { kind: "purge", partition, message },
    message,
    isAlwaysJournaled: true,
  };
  for (const each of before)
    plan.add({
      kind: "step",
      item: { kind: "drift", partition, message: each },
      message: each,
      isAlwaysJournaled: true,
    });
  plan.add(work);
  plan.movePublishedSeqs();
  return {
    isPurged: plan.entities.get("o1")?.after.entity.endedAt !== undefined,
    plan,
    after: plan.cursorsOf(partition),
  };
}

describe("a purge in a turn", () => {
  it("is taken when what the entity has published was confirmed, or all of its partition was", () => {
    expect(planned({ publishedSeq: 10, outgoingSeq: 15 }).isPurged).toBe(true);
    expect(planned({ publishedSeq: 8, outgoingSeq: 8 }).isPurged).toBe(true);
  });

  it("is left for later, and told, while something of it is unpublished, open, or asked for in this turn", () => {
    const [intent] = placed.intents;
    if (!intent) throw new Error("no intent");
    const again = { ...said("PlaceOrder"), id: "again" };
    for (const { isPurged, plan } of [
      planned({ publishedSeq: 8, outgoingSeq: 9 }),
      planned({ publishedSeq: 15, outgoingSeq: 15 }, { open: [intent] }),
      planned({ publishedSeq: 15, outgoingSeq: 15 }, { before: [again] }),
    ]) {
      expect(isPurged).toBe(false);
      expect(plan.shellEvents.map(({ kind }) => kind)).toContain("purge_deferred");
    }
    expect(planned({ publishedSeq: 8, outgoingSeq: 9 }).plan.lines.size).toBe(0);
  });

  it("leaves nothing to look through for what is published, unless something is", () => {
    const all = planned({ publishedSeq: 15, outgoingSeq: 15 });
    expect(all.after.publishedSeq).toBe(all.after.nextSeq - 1);
    expect(planned({ publishedSeq: 12, outgoingSeq: 15 }).after.publishedSeq).toBe(12);
  });
});
