import { describe, expect, it } from "vitest";
import { Partition } from "../../../runtime/shell/partitions/partition.ts";
import { Inbox, type InboxItem } from "../../../runtime/shell/turns/inbox.ts";
import { ManualClock } from "../../manual-clock.ts";

function world() {
  const clock = new ManualClock();
  const inbox = new Inbox(clock);
  const partitionOf = (number: number) =>
    new Partition({ number, epoch: 1, nextSeq: 1, publishedSeq: 0, positions: new Map(), entitiesMax: 1 });
  const item = (throughSeq: number, partition = partitionOf(0)): InboxItem => ({
    kind: "published",
    ...{ partition, throughSeq, messages: [] },
  });
  let wakes = 0;
  /** How often the reader was woken, when it sleeps again at once. */
  const read = async (): Promise<void> => {
    for (;;) {
      await inbox.untilUrgent();
      wakes++;
      taken.push(inbox.take(100));
    }
  };
  const taken: InboxItem[][] = [];
  return { clock, inbox, item, partitionOf, taken, read, wakes: () => wakes };
}

describe("the inbox", () => {
  it("gathers what can wait, which then comes with the next item", async () => {
    const { clock, inbox, item } = world();
    inbox.pushWaiting(item(1));
    await clock.advance(49);
    inbox.push(item(2));
    inbox.pushWaiting(item(3));
    expect(inbox.take(100)).toMatchObject([{ throughSeq: 2 }]);
    expect(inbox.size).toBe(2);
    await clock.advance(1);
    inbox.push(item(4));
    expect(inbox.take(100)).toMatchObject([{ throughSeq: 1 }, { throughSeq: 3 }, { throughSeq: 4 }]);
  });

  it("wakes its reader for what has waited 200 ms, and for what can't wait at once", async () => {
    const { clock, inbox, item, taken, read, wakes } = world();
    void read();
    inbox.pushWaiting(item(1));
    await clock.advance(199);
    expect(wakes()).toBe(0);
    await clock.advance(1);
    expect(taken).toMatchObject([[{ throughSeq: 1 }]]);
    inbox.push(item(2));
    await clock.advance(0);
    expect(taken.at(-1)).toMatchObject([{ throughSeq: 2 }]);
  });

  it("lets nothing wait when it is told to wake", async () => {
    const { clock, inbox, item, taken, read } = world();
    void read();
    inbox.pushWaiting(item(1));
    inbox.wake();
    await clock.advance(0);
    expect(taken).toMatchObject([[{ throughSeq: 1 }]]);
  });

  it("drops what waits as well", async () => {
    const { clock, inbox, item, partitionOf } = world();
    const lost = partitionOf(1);
    inbox.pushWaiting(item(1, lost));
    inbox.push(item(2, lost));
    inbox.push(item(3));
    inbox.drop(({ partition }) => partition === lost);
    await clock.advance(50);
    expect(inbox.take(100)).toMatchObject([{ throughSeq: 3 }]);
  });
});
