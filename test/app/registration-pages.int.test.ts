import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Sql } from "../../runtime/ports/store.ts";
import { findEntities } from "../../runtime/stored/entities.ts";
import { HttpBench, lasting } from "./registration/http-bench.ts";

interface List {
  readonly items: readonly { readonly node_id: string }[];
  readonly next_cursor: string | null;
  readonly total?: number;
}
const ids = Array.from({ length: 25 }, (_, index) => `page-${String(index).padStart(2, "0")}`);
let bench: HttpBench;
beforeAll(async () => {
  bench = await HttpBench.open(lasting);
  await bench.say("NodeIntrospectionEvent", ids);
  await vi.waitUntil(async () => (await list("?count=true")).total === 25, { timeout: 30_000 });
});
afterAll(() => bench.close());

const list = async (query: string): Promise<List> => (await bench.ask<List>(`/api/v1/registrations${query}`)).body;
const names = ({ items }: List): string[] => items.map(({ node_id }) => node_id);

describe("skipping in the list of registrations", () => {
  it("leaves out that many items, from the beginning or behind a cursor", async () => {
    const first = await list("?limit=5");
    expect(names(first)).toEqual(ids.slice(0, 5));
    expect(names(await list("?limit=5&skip=10"))).toEqual(ids.slice(10, 15));
    expect(names(await list(`?limit=5&skip=10&cursor=${first.next_cursor}`))).toEqual(ids.slice(15, 20));
  });

  it("has a cursor that continues from there", async () => {
    const { next_cursor } = await list("?limit=5&skip=10");
    expect(names(await list(`?limit=5&cursor=${next_cursor}`))).toEqual(ids.slice(15, 20));
  });

  it("is empty behind the end", async () =>
    expect(await list("?skip=1000000")).toEqual({ items: [], next_cursor: null }));

  it.each(["-1", "1000001", "1.5", "many"])("is refused for skip=%s", async (skip) => {
    expect(await bench.ask(`/api/v1/registrations?skip=${skip}`)).toMatchObject({ status: 400 });
  });

  it("counts only on request, with the same filters", async () => {
    expect(await list("?limit=1")).not.toHaveProperty("total");
    expect((await list("?limit=1&count=true&q=PAGE-1")).total).toBe(10);
    expect((await list("?limit=1&count=true&node_type=compute")).total).toBe(0);
  });

  it("begins by an index, and has the data of its rows alone, also in a state and at the end of 100,000", async () => {
    const { store, domain } = bench.system;
    const copies = "generate_series(1, 4000) as number";
    await store.query(
      `insert into rollcall.entity (domain, partition, entity_id, state, reducer_state, state_since, seq, attempt,
         last_line, last_line_at, updated_at)
       select domain, partition, entity_id || '-' || number, state, reducer_state, state_since, seq, attempt,
         last_line, last_line_at, updated_at
         from rollcall.entity, ${copies}`,
    );
    await store.query(
      `insert into rollcall.entity_data (domain, partition, entity_id, data)
       select domain, partition, entity_id || '-' || number, data from rollcall.entity_data, ${copies}`,
    );
    await store.query("analyze rollcall.entity, rollcall.entity_data");
    const plans: string[] = [];
    const explained: Sql = {
      query: async (text, values) => {
        plans.push(JSON.stringify(await store.query(`explain ${text}`, values)));
        return [];
      },
    };
    for (const skip of [0, 50_000, 100_000])
      await findEntities(explained, domain.name, { hasState: true }, { after: "", skip, limit: 101 });
    for (const plan of plans) expect(plan).toMatch(/Index Scan using entity_data_pkey/);
    const [first] = await findEntities(store, domain.name, {}, { after: "", limit: 1 });
    const state = first?.state ?? undefined;
    await findEntities(explained, domain.name, { hasState: true, state }, { after: "", limit: 101 });
    for (const plan of [plans[0], plans.at(-1)]) {
      expect(plan).toMatch(/Index Scan using entity_by_id/);
      expect(plan).not.toMatch(/Seq Scan/);
    }
  });
});
