import { describe, expect, it } from "vitest";
import type { JournalLine } from "../../../runtime/core/journal.ts";
import { partitionOf } from "../../../runtime/core/murmur2.ts";
import type { SqlValue, Store } from "../../../runtime/ports/store.ts";
import { NO_DOOR_KEYS } from "../../../runtime/shell/door-keys.ts";
import { noFailpoint } from "../../../runtime/shell/failpoint.ts";
import { Partition } from "../../../runtime/shell/partitions/partition.ts";
import type { ShellContext } from "../../../runtime/shell/shell-context.ts";
import { HeldItems } from "../../../runtime/shell/turns/held-items.ts";
import type { InboxItem } from "../../../runtime/shell/turns/inbox.ts";
import type { TurnPlan } from "../../../runtime/shell/turns/turn-plan.ts";
import { TurnRunner } from "../../../runtime/shell/turns/turn-runner.ts";
import { linesOf } from "../../../runtime/stored/read-lines.ts";
import { ManualClock } from "../../manual-clock.ts";
import { ordersDomain } from "../orders.ts";

const MIDNIGHT = Date.parse("2026-03-29T00:00:00Z");
const ID = "o1";
const NUMBER = partitionOf(ID, 4);

/** Something that a test holds up. */
class Gate {
  #open: () => void = () => {};
  #passed = Promise.resolve();
  close(): void {
    this.#passed = new Promise((resolve) => (this.#open = resolve));
  }
  open(): void {
    this.#open();
  }
  pass(): Promise<void> {
    return this.#passed;
  }
}
const settled = () => new Promise((resolve) => setImmediate(resolve));

function world() {
  const [commits, reads] = [new Gate(), new Gate()];
  const partition = new Partition({
    ...{ number: NUMBER, epoch: 1, nextSeq: 1, publishedSeq: 0, positions: new Map(), entitiesMax: 9 },
  });
  const turns: JournalLine[][] = [];
  const time = { nowMs: MIDNIGHT - 1 };
  const domain = ordersDomain();
  const write = (text: string, values: readonly SqlValue[] = []): void => {
    if (!text.startsWith("insert into rollcall.turn")) return;
    const [at, of, seqs, lastSeqs, lines] = values.slice(2) as [Date, number[], number[], number[], string[]];
    const row = (index: number) => ({
      ...{ partition: of[index] as number, seq: seqs[index] as number, last_seq: lastSeqs[index] as number },
      ...{ at, contract_hash: "", lines: lines[index] as string },
    });
    turns.push(seqs.flatMap((_, index) => linesOf("orders", row(index))));
  };
  const store = {
    query: () => reads.pass().then(() => []),
    transaction: async (work: Parameters<Store["transaction"]>[0]) => {
      await commits.pass();
      const sent: [string, readonly SqlValue[] | undefined][] = [];
      await work({
        query: (text, values) => {
          sent.push([text, values]);
          return Promise.resolve(text.includes("epoch, turn_id") ? [{ partition: NUMBER, epoch: 1 }] : []) as never;
        },
      });
      for (const [text, values] of sent) write(text, values);
    },
  };
  const runner = new TurnRunner(
    {
      ...{ domain, store, owner: "a test", partitionCount: 4, tracing: undefined, clock: new ManualClock() },
      ...{ brokerClock: { nowMs: () => time.nowMs }, failpoint: noFailpoint, observe: () => {} },
      held: new HeldItems({} as never),
      doorKeys: NO_DOOR_KEYS,
      onFatal: (error: unknown) => {
        throw error;
      },
    } as unknown as ShellContext,
    {
      onCommitted: (plan) => commit(partition, plan),
      ...{ onOutdatedFiring: () => {}, onRefused: () => {}, onFinished: () => {} },
    },
  );
  let offset = 0;
  const said = (topic: string, payload: object): InboxItem => ({
    kind: "record",
    partition,
    record: {
      ...{ topic: `test.shop.${topic}`, partition: NUMBER, offset: offset++, key: Buffer.from(ID), headers: {} },
      ...{ value: Buffer.from(JSON.stringify({ order_id: ID, ...payload })), brokerTimeMs: time.nowMs },
      receivedAtMs: 0,
    },
  });
  return { runner, commits, reads, turns, time, said, partition };
}

/** What the runtime does with a turn that is durable. */
function commit(partition: Partition, plan: TurnPlan): void {
  partition.nextSeq = plan.cursors.get(partition)?.nextSeq ?? partition.nextSeq;
  for (const { after } of plan.entities.values()) partition.entities.set(after.entity.id, after);
  for (const open of plan.intents) partition.journaledIntents.set(open.intent.id, open);
}

describe("an entity's first line of a day", () => {
  const links = (lines: readonly JournalLine[] = []) =>
    lines.map(({ kind, ...line }) => [kind, "prev" in line ? line.prev : undefined, "before" in line]);

  it("has the day of the line before, and the entity with its open intents; no other line has", async () => {
    const { runner, said, time, turns } = world();
    await runner.runTurn([said("place-order", { amount: 5 })]);
    await runner.idle();
    time.nowMs = MIDNIGHT;
    await runner.runTurn([said("place-order", { amount: 0 }), said("cancel-order", {})]);
    await runner.idle();
    await runner.runTurn([said("place-order", { amount: 7 })]);
    await runner.idle();
    expect(links(turns[0])).toEqual([
      ["message", undefined, false],
      ["event", 1, false],
      ["intent", 2, false],
    ]);
    expect(links(turns[1])).toEqual([
      ["message", 3, true],
      ["message", 4, false],
      ["event", 5, false],
      ["intent", 6, false],
    ]);
    expect(links(turns[2])[0]).toEqual(["message", 7, false]);
    const intent = turns[0]?.[2];
    expect(turns[1]?.[0]).toMatchObject({
      prev_day: "2026-03-28",
      before: {
        ...{ state: "UNPAID", reducer_state: "charging", state_since: "2026-03-28T23:59:59.999Z", seq: 1 },
        ...{ attempt: { number: 1 }, data: { amount: 5 }, state_version: 1, deadlines: {} },
        intents: [{ id: intent?.kind === "intent" && intent.id, type: "card.charge", target: "card://o1" }],
      },
    });
  });

  it.each([
    ["while the turn before is being committed", false],
    ["while the turn before is being committed, which ends meanwhile", true],
  ])("is the same when it is planned %s", async (_, endsMeanwhile) => {
    const { commits, reads, runner, said, time, turns } = world();
    commits.close();
    await runner.runTurn([said("place-order", { amount: 5 })]);
    time.nowMs = MIDNIGHT;
    reads.close();
    const next = runner.runTurn([said("cancel-order", {})]);
    if (!endsMeanwhile) reads.open();
    await settled();
    commits.open();
    await settled();
    reads.open();
    await next;
    await runner.idle();
    const [, , intent] = turns[0] ?? [];
    expect(turns[1]?.[0]).toMatchObject({
      ...{ seq: 4, prev: 3, prev_day: "2026-03-28", result: "changed" },
      before: { state: "UNPAID", seq: 1, intents: [{ id: intent?.kind === "intent" && intent.id }] },
    });
    expect(
      links(turns[1])
        .slice(1)
        .map(([, , has]) => has),
    ).not.toContain(true);
  });
});
