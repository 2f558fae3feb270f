import { beforeEach, describe, expect, it } from "vitest";
import { PgliteNotices } from "../../../runtime/adapters/pglite/pglite-notices.ts";
import type { NoticesStatus } from "../../../runtime/ports/notices.ts";
import type { SqlValue } from "../../../runtime/ports/store.ts";
import { JournalReader } from "../../../runtime/shell/follow/journal-reader.ts";
import type { CommittedTurn } from "../../../runtime/shell/shell-event.ts";
import type { TurnRow } from "../../../runtime/stored/read-lines.ts";
import { ManualClock } from "../../manual-clock.ts";

const READ_EVERY_MS = 250;
const row = (partition: number, seq: number, last_seq = seq): TurnRow => ({
  ...{ partition, seq, last_seq, at: new Date(0), contract_hash: "hash", lines: "..." },
});

/** Tells what is set here of whether others are heard. */
class TestNotices extends PgliteNotices {
  isHeard = true;
  override get status(): NoticesStatus {
    return { isHeard: this.isHeard, unheardForMs: 0, reason: null };
  }
}

/** A journal's rows, and what is asked of it. */
class TestJournal {
  readonly rows: TurnRow[] = [];
  readonly asked: string[] = [];
  nextOffset = 0;
  failures = 0;
  /** Passed once, before the next answer. */
  beforeAnswer = (): void => {};

  async query(text: string, values: readonly SqlValue[] = []): Promise<never[]> {
    const what = /source_offset|partition_owner|rollcall\.turn/.exec(text)?.[0] ?? text;
    this.asked.push(what);
    if (this.failures > 0) {
      this.failures--;
      throw new Error("away");
    }
    const answer = this.#answer(what, values);
    const before = this.beforeAnswer;
    this.beforeAnswer = () => {};
    before();
    return answer as never[];
  }

  #answer(what: string, values: readonly SqlValue[]): readonly object[] {
    const lastOf = (partition: number): number =>
      Math.max(0, ...this.rows.filter((each) => each.partition === partition).map(({ last_seq }) => last_seq));
    if (what === "partition_owner")
      return (values[1] as number[]).map((partition) => ({ partition, last: lastOf(partition) }));
    if (what === "source_offset") return [{ topic: "t", partition: 0, nextOffset: this.nextOffset }];
    const [, partitions, after, upto] = values as [string, number[], number[], number[]];
    return partitions.flatMap((partition, at) =>
      this.rows.filter(
        (each) => each.partition === partition && each.last_seq > (after[at] ?? 0) && each.seq <= (upto[at] ?? 0),
      ),
    );
  }
}

describe("the reader of a journal", () => {
  let clock: ManualClock;
  let notices: TestNotices;
  let journal: TestJournal;
  let reader: JournalReader;
  let heard: string[];
  beforeEach(() => {
    clock = new ManualClock();
    notices = new TestNotices();
    journal = new TestJournal();
    reader = new JournalReader({ domain: "orders", store: journal, clock, notices });
    heard = [];
  });

  const join = (from: Readonly<Record<number, number>>, name = "") =>
    reader.join(new Map(Object.entries(from).map(([partition, line]) => [Number(partition), line])), {
      onRows: (rows) => heard.push(...rows.map(({ partition, last_seq }) => `${name}${partition}:${last_seq}`)),
      onCaughtUp: (partition) => heard.push(`${name}${partition} whole`),
    });
  const notice = (partition: number, line: number, domain = "orders") =>
    notices.tell(domain, new Map([[partition, line]]));
  const commit = (rows: readonly TurnRow[], lastLine: number, positions: Readonly<Record<string, number>> = {}): void =>
    reader.passOn({
      kind: "committed",
      partitions: [{ partition: 0, lastLine, rows, positions: new Map(Object.entries(positions)) }],
      entities: new Map(),
    } satisfies CommittedTurn);

  it("reads nothing while nobody waits, whatever notices tell", async () => {
    notice(0, 7);
    await clock.advance(10 * READ_EVERY_MS);
    const leave = join({ 0: 0 });
    leave?.();
    notice(0, 8);
    commit([row(0, 1)], 1);
    await clock.advance(10 * READ_EVERY_MS);
    expect([journal.asked, heard]).toEqual([[], []]);
  });

  it("reads what a notice tells at once, and only that", async () => {
    join({ 0: 0, 1: 0 });
    journal.rows.push(row(0, 1, 3), row(1, 1));
    notice(1, 1);
    notice(2, 1);
    notice(0, 9, "parcels");
    await clock.advance(1);
    expect(heard).toEqual(["1:1", "1 whole"]);
    expect(journal.asked).toEqual(["rollcall.turn"]);
  });

  it("reads no line a second time that it has", async () => {
    join({ 0: 3 });
    journal.rows.push(row(0, 1, 3));
    notice(0, 3);
    await clock.advance(1);
    expect(journal.asked).toEqual([]);
  });

  it("finds within 250 ms what no notice told", async () => {
    join({ 0: 0 });
    await clock.advance(READ_EVERY_MS - 1);
    expect(journal.asked).toEqual([]);
    journal.rows.push(row(0, 1));
    await clock.advance(1);
    expect(heard).toEqual(["0:1", "0 whole"]);
  });

  it("finds it although notices of another partition keep coming", async () => {
    join({ 0: 0, 1: 0 });
    journal.rows.push(row(0, 1));
    for (let line = 1; line <= 30; line++) {
      journal.rows.push(row(1, line));
      notice(1, line);
      await clock.advance(10);
    }
    expect(heard).toContain("0:1");
  });

  it("reads every 50 ms while it hears nobody, until it hears again", async () => {
    notices.isHeard = false;
    join({ 0: 0 });
    await clock.advance(500);
    expect(journal.asked).toHaveLength(10);
    notices.isHeard = true;
    await clock.advance(500);
    expect(journal.asked).toHaveLength(12);
  });

  it("reads a partition once for all who wait for it", async () => {
    join({ 0: 0 }, "a");
    join({ 0: 0 }, "b");
    journal.rows.push(row(0, 1));
    notice(0, 1);
    await clock.advance(1);
    expect(journal.asked).toEqual(["rollcall.turn"]);
    expect(heard).toEqual(["a0:1", "b0:1", "a0 whole", "b0 whole"]);
  });

  it("reads the end of a partition once for all who come at the same time", async () => {
    journal.rows.push(row(0, 1, 4));
    expect(await Promise.all([reader.endOf(0), reader.endOf(0), reader.endOf(0)])).toEqual([4, 4, 4]);
    expect(journal.asked).toEqual(["partition_owner"]);
  });

  it("lets nobody join behind its position", async () => {
    join({ 0: 0 });
    commit([row(0, 1, 4)], 4);
    expect(reader.positionOf(0)).toBe(4);
    expect(await reader.endOf(0)).toBe(4);
    expect(join({ 0: 3 })).toBeUndefined();
    expect(join({ 0: 4 })).toBeDefined();
  });

  it("passes on a turn of this process without a read", () => {
    join({ 0: 0 });
    commit([row(0, 1, 256), row(0, 257)], 257);
    expect(heard).toEqual(["0:256", "0:257", "0 whole"]);
    expect(journal.asked).toEqual([]);
  });

  it("reads the turns of another owner that lie before one of this process", async () => {
    join({ 0: 0 });
    journal.rows.push(row(0, 1), row(0, 2));
    commit([row(0, 2)], 2);
    expect(heard).toEqual([]);
    await clock.advance(1);
    expect(heard).toEqual(["0:1", "0:2", "0 whole"]);
  });

  it("passes on nothing twice when a turn of this process is committed during a read", async () => {
    join({ 0: 0 });
    journal.rows.push(row(0, 1), row(0, 2));
    journal.beforeAnswer = () => {
      commit([row(0, 1)], 1);
      commit([row(0, 2)], 2);
    };
    notice(0, 2);
    await clock.advance(1);
    expect(heard.filter((each) => each.includes(":"))).toEqual(["0:1", "0:2"]);
  });

  it("goes on behind a day that was dropped", async () => {
    join({ 0: 0 });
    notice(0, 5);
    await clock.advance(1);
    expect(reader.positionOf(0)).toBe(5);
  });

  it("goes on when the store is there again", async () => {
    join({ 0: 0 });
    journal.rows.push(row(0, 1));
    journal.failures = 2;
    await clock.advance(4_000);
    expect(heard).toEqual(["0:1", "0 whole"]);
  });

  describe("told of a record's place in the log", () => {
    const place = { topic: "t", partition: 0, offset: 7 };
    const wait = () => reader.awaitOffset({ ...place, onTaken: () => void heard.push("taken") });

    it("says at once that a turn of this process took it", () => {
      join({ 0: 0 });
      wait();
      commit([], 0, { t: 7 });
      expect(heard).toEqual([]);
      commit([row(0, 1)], 1, { t: 8 });
      commit([], 1, { t: 9 });
      expect(heard).toEqual(["0:1", "0 whole", "taken"]);
    });

    it("says that another process took it, behind the lines of that turn", async () => {
      join({ 0: 0 });
      wait();
      journal.nextOffset = 7;
      await clock.advance(READ_EVERY_MS);
      expect(heard).toEqual([]);
      journal.nextOffset = 8;
      journal.rows.push(row(0, 1));
      notice(0, 1);
      await clock.advance(1);
      expect(heard).toEqual(["0:1", "0 whole", "taken"]);
    });

    it("looks at a notice that tells no new line", async () => {
      join({ 0: 0 });
      wait();
      journal.nextOffset = 8;
      notice(0, 0);
      await clock.advance(1);
      expect(heard).toEqual(["taken"]);
    });

    it("asks no more when nobody waits for it", async () => {
      join({ 0: 0 });
      wait()();
      journal.nextOffset = 8;
      await clock.advance(READ_EVERY_MS);
      expect([journal.asked, heard]).toEqual([["partition_owner"], []]);
    });
  });
});
