import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Store } from "../../runtime/ports/store.ts";
import { type JournalPosition, readJournal } from "../../runtime/stored/journal.ts";
import { openInitializedStore } from "../initialized-store.ts";
import { emptyTables } from "../shell/orders.ts";
import { endLine, eventLine, intentLine, stepLine } from "./lines.ts";
import { DOMAIN, replaceInLines, writeTurn } from "./written-lines.ts";

const [FIRST_DAY, NEXT_DAY] = ["2026-03-28", "2026-03-29"];
let store: Store;
beforeAll(async () => {
  store = await openInitializedStore();
  await emptyTables(store);
});
afterAll(() => store.close());

/** Partition 0: lines 1 to 7 on two days, of a and b. Partition 2: 300 lines of c. */
beforeEach(async () => {
  for (const table of ["turn", "partition_owner", "entity", "entity_data"])
    await store.query(`delete from rollcall.${table}`);
  await writeTurn(store, { at: `${FIRST_DAY}T23:00:00Z`, seq: 1 }, [
    stepLine("a", "a1"),
    eventLine("a", "a2"),
    stepLine("b", "b1"),
  ]);
  await writeTurn(store, { at: `${FIRST_DAY}T23:59:59Z`, seq: 4 }, [intentLine("a", "a3")]);
  await writeTurn(store, { at: `${NEXT_DAY}T00:00:00Z`, seq: 5 }, [endLine("a", "a3"), stepLine("a", "a4")]);
  await writeTurn(store, { at: `${NEXT_DAY}T09:00:00Z`, seq: 7 }, [stepLine("a", "a5")]);
  const many = Array.from({ length: 300 }, (_, index) => stepLine("c", `c${index}`));
  await writeTurn(store, { partition: 2, at: `${FIRST_DAY}T12:00:00Z`, seq: 1 }, many);
  await own({ 0: 8, 1: 1, 2: 301 });
  await keep(0, "a", 7);
  await keep(0, "b", 3);
  await keep(2, "c", 300);
});

async function own(nextSeqs: Readonly<Record<number, number>>): Promise<void> {
  for (const [partition, next] of Object.entries(nextSeqs))
    await store.query(
      `insert into rollcall.partition_owner
         (domain, partition, epoch, owner, next_seq, published_seq, pending_seq, served_at)
       values ($1, $2, 1, 'me', $3, 0, 1, now())`,
      [DOMAIN, Number(partition), next],
    );
}

async function keep(partition: number, id: string, lastLine: number): Promise<void> {
  await store.query(
    `insert into rollcall.entity (domain, partition, entity_id, state, reducer_state, state_since, seq, attempt,
       deadlines, last_line, last_line_at, updated_at)
     values ($1, $2, $3, 'OPEN', 'half', $4, 2, '{"number":1,"id":"a1","correlationIds":[],"awaiting":[]}', null, $5,
       $4, $4)`,
    [DOMAIN, partition, id, new Date(`${FIRST_DAY}T12:00:00.250Z`), lastLine],
  );
  await store.query(
    `insert into rollcall.entity_data (domain, partition, entity_id, data) values ($1, $2, $3, '{"z":1,"a":2}')`,
    [DOMAIN, partition, id],
  );
}

type Options = Parameters<typeof readJournal>[2];

/** As `0/3` for a line, `0/b` for an entity. */
async function read(options?: Options): Promise<{ said: string[]; next: JournalPosition | undefined }> {
  const said: string[] = [];
  let next: JournalPosition | undefined;
  for await (const part of readJournal(store, DOMAIN, options)) {
    for (const { partition, seq } of part.lines) said.push(`${partition}/${seq}`);
    for (const { partition, entity_id } of part.entities) said.push(`${partition}/${entity_id}`);
    ({ next } = part);
  }
  return { said, next };
}
const numbered = (partition: number, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `${partition}/${from + index}`);
const WHOLE = [...numbered(0, 1, 7), "0/a", "0/b", ...numbered(2, 1, 300), "2/c"];

describe("the journal of a store", () => {
  it("comes partition by partition, the lines in their order, then the entities", async () => {
    expect((await read()).said).toEqual(WHOLE);
    for await (const { lines, entities } of readJournal(store, DOMAIN)) {
      if (lines[0]?.seq === 1 && lines[0].partition === 0) {
        const place = { partition: 0, at: `${FIRST_DAY}T23:00:00.000Z`, contract_hash: "hash" };
        expect(lines[1]).toEqual({ seq: 2, ...eventLine("a", "a2"), ...place });
      }
      const [entity] = entities;
      if (entity?.entity_id === "b")
        expect(JSON.stringify(entity)).toBe(
          '{"partition":0,"entity_id":"b","state":"OPEN","reducer_state":"half","seq":2,"attempt":{"number":1,"id":' +
            '"a1","correlationIds":[],"awaiting":[]},"data":{"z":1,"a":2},"deadlines":{},"state_since":' +
            `"${FIRST_DAY}T12:00:00.250Z","last_line":3}`,
        );
    }
  });

  it.each([1, 2, 3, 7, 8, 100, 310, 311])("comes in pages of %i, each line and each entity once", async (limit) => {
    const said: string[] = [];
    for (let position: JournalPosition | undefined; ;) {
      const page = await read({ position, limit });
      said.push(...page.said);
      if (page.said.length < limit) break;
      position = page.next;
    }
    expect(said).toEqual(WHOLE);
  });

  it("ends with the lines that a partition had when its first one was read", async () => {
    const { said, next } = await read({ limit: 2 });
    await writeTurn(store, { at: `${NEXT_DAY}T10:00:00Z`, seq: 8 }, [stepLine("b", "b2")]);
    await store.query("update rollcall.partition_owner set next_seq = 9 where partition = 0");
    await store.query("update rollcall.entity set last_line = 8 where entity_id = 'b'");
    expect([...said, ...(await read({ position: next })).said]).toEqual(WHOLE);
  });

  it("begins with the day of a time, and has the entities with lines since then", async () => {
    const sinceNext = [...numbered(0, 5, 7), "0/a"];
    expect((await read({ since: `${NEXT_DAY}T23:00:00Z` })).said).toEqual(sinceNext);
    expect((await read({ since: `${NEXT_DAY}T00:00:00Z`, limit: 3 })).said).toEqual(sinceNext.slice(0, 3));
    expect((await read({ since: `${FIRST_DAY}T23:59:59.999Z` })).said).toEqual(WHOLE);
    expect((await read({ since: "2026-03-30T00:00:00Z" })).said).toEqual([]);
  });

  it("begins with the first line that there is, when older ones were dropped", async () => {
    await store.query("delete from rollcall.turn where at < $1", [new Date(NEXT_DAY)]);
    expect((await read()).said).toEqual([...numbered(0, 5, 7), "0/a", "0/b", "2/c"]);
  });

  it("has a line of the day before behind the first one of a day, when the broker's time has gone back", async () => {
    await store.query("update rollcall.turn set at = $1 where seq = 7", [new Date(`${FIRST_DAY}T23:59:59.998Z`)]);
    expect((await read({ since: NEXT_DAY })).said).toEqual([...numbered(0, 5, 7), "0/a"]);
  });
});

describe("a damaged journal", () => {
  const damaged = async (options?: Options) => expect(await read(options).catch((error: unknown) => error));

  it.each(["{", '{"seq":1,"kind":"message"', '{"seq":2,"kind":"message"}', '{"seq":1,"kind":"word"}'])(
    "is not read past a line like %s",
    async (text) => {
      await store.query(
        `update rollcall.turn set lines = regexp_replace(lines, '^[^\\n]*', $1) where partition = 0 and seq = 1`,
        [text],
      );
      const fault = {
        code: "JOURNAL_DAMAGED",
        retryable: false,
        message: expect.stringContaining("partition 0 of toy"),
      };
      (await damaged()).toMatchObject(fault);
      (await damaged({ limit: 1 })).toMatchObject(fault);
      expect((await read({ since: NEXT_DAY })).said).toEqual([...numbered(0, 5, 7), "0/a"]);
    },
  );

  it("is not read past a line that two were made of", async () => {
    await replaceInLines(store, "\n", " ");
    (await damaged()).toMatchObject({ code: "JOURNAL_DAMAGED", message: expect.stringContaining("1 lines, not 3") });
  });

  it.each([
    [4, {}],
    [5, { since: FIRST_DAY }],
    [7, { since: NEXT_DAY }],
  ])("is not read past the missing row %i", async (seq, options) => {
    await store.query("delete from rollcall.turn where partition = 0 and seq = $1", [seq]);
    const message = expect.stringContaining(`line ${seq} of partition 0 of toy in rollcall.turn is missing`);
    (await damaged(options)).toMatchObject({ code: "JOURNAL_DAMAGED", retryable: false, message });
    const page = await read({ ...options, limit: 1 });
    (await damaged({ ...options, position: page.next, limit: 500 })).toMatchObject({ code: "JOURNAL_DAMAGED" });
  });

  it("says so when the day of the next page was dropped; from the beginning it is read as it is", async () => {
    const { next } = await read({ limit: 1 });
    await store.query("delete from rollcall.turn where partition = 0 and at < $1", [new Date(`${NEXT_DAY}T00:00:00Z`)]);
    (await damaged({ position: next, limit: 500 })).toMatchObject({ code: "JOURNAL_DROPPED", retryable: false });
    expect((await read()).said.slice(0, 3)).toEqual(numbered(0, 5, 7));
  });
});
