import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { SystemClock } from "../../../runtime/adapters/system-clock.ts";
import type { Domain } from "../../../runtime/core/domain.ts";
import type { ProjectionSpec, Row } from "../../../runtime/core/projection.ts";
import type { Store } from "../../../runtime/ports/store.ts";
import type { Filling } from "../../../runtime/shell/projections/entity-rows.ts";
import { rebuildProjection, verifyProjection } from "../../../runtime/shell/projections/verify-projection.ts";
import { prepareProjections, projectionDifferences } from "../../../runtime/shell/projections/change-projections.ts";
import { finishProjections } from "../../../runtime/shell/projections/finish-projections.ts";
import { readFaults, summarizeFaults } from "../../../runtime/stored/projection-faults.ts";
import type { RowsQuery } from "../../../runtime/core/rows-query.ts";
import { countOlderRows, countRows, readRows } from "../../../runtime/stored/projection-rows.ts";
import { dropProjection } from "../../../runtime/stored/projection-tables.ts";
import { orderPart, orderRow, type ViewEdit, viewedCode, viewsOf } from "../../contract/viewed-orders.ts";
import { emptyTables, ordersDomain, pickupWithin, startOrders, until } from "../orders.ts";
import { retainedFor } from "../purges/retained.ts";

/** The same on each store. */
export function describeProjections(name: string, open: () => Promise<Store>): void {
  describe(`projections on ${name}`, () => {
    let store: Store;
    let stop: () => Promise<unknown> = async () => {};
    beforeAll(async () => void (store = await open()));
    afterAll(() => store.close());
    beforeEach(async () => {
      await store.query("drop schema if exists rollcall_orders cascade");
      await emptyTables(store);
    });
    afterEach(async () => {
      await stop();
      stop = async () => {};
    });

    const withViews =
      (edits: readonly ViewEdit[] = [], code = viewedCode()) =>
      (domain: Domain): Domain => ({ ...domain, ...viewsOf(edits, code) });
    const filling = (domain: Domain): Filling => ({ store, domain, clock: new SystemClock() });
    const prepared = async (changed: (domain: Domain) => Domain) => {
      await prepareProjections(filling(ordersDomain({ changed })));
    };
    const serve = async (changed = withViews()) => {
      await prepared(changed);
      const orders = await startOrders(store, { changed: (domain) => pickupWithin(3_600_000)(changed(domain)) });
      stop = () => orders.runtime.stop();
      return orders;
    };
    const specOf = ({ projections }: Pick<Domain, "projections">, wanted: string): ProjectionSpec => {
      const spec = projections.find((each) => each.name === wanted);
      if (!spec) throw new Error(`no projection ${wanted}`);
      return spec;
    };
    const list = async (domain: Domain, query: Partial<RowsQuery> = {}, projection = "order_list") => {
      const rows: Row[] = [];
      for await (const piece of readRows(store, specOf(domain, projection), { where: [], sort: [], ...query }))
        rows.push(...piece);
      return rows;
    };
    const ids = async (...args: Parameters<typeof list>) => (await list(...args)).map(({ order_id: id }) => id);
    const verified = async (domain: Domain) => {
      const found = await Promise.all(
        ["order_list", "order_parts"].map((each) => verifyProjection(filling(domain), specOf(domain, each))),
      );
      return found.flatMap(({ differences }) => differences);
    };
    /** Where in the table each row lies: another place, another version of it. */
    const places = async (table: string) =>
      (await store.query<{ place: string }>(`select ctid::text as place from rollcall_orders.${table} order by 1`)).map(
        ({ place }) => place,
      );

    it("have an entity's rows as soon as its turn is committed, and lose them with a purge", async () => {
      const { domain, publish, settled, stateOf } = await serve((each) => withViews()(retainedFor(1)(each)));
      await publish("place-order", [
        { order_id: "o1", amount: 2 },
        { order_id: "o2", amount: 77 },
        { order_id: "o3", amount: 7 },
      ]);
      await settled();
      await until(async () => (await stateOf("o3")) === "TOLD");
      await settled();
      expect(await list(domain)).toMatchObject([
        {
          ...{ order_id: "o1", amount: 2, status: "TOLD", note: null, half: 1, open: true },
          marks: ["even", 'of {2}, "quoted\\"'],
          about: { attempt: 1, texts: ["TOLD"] },
          placed: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
          pickup_at: expect.stringMatching(/Z$/),
          seen_at: expect.stringMatching(/Z$/),
        },
        { order_id: "o3", amount: 7, note: 'dear "7"', marks: [] },
      ]);
      expect(await countRows(store, specOf(domain, "order_parts"), { where: [] })).toBe(2 + 77 + 7);
      expect(await verified(domain)).toEqual([]);
      await publish("cancel-order", [{ order_id: "o1" }, { order_id: "o2" }]);
      await until(async () => (await stateOf("o1")) === undefined && (await stateOf("o2")) === undefined);
      expect(await ids(domain)).toEqual(["o3"]);
      expect(await countRows(store, specOf(domain, "order_parts"), { where: [] })).toBe(7);
      expect(await verified(domain)).toEqual([]);
    });

    it("write nothing for a message that changes no row, and only the rows that differ", async () => {
      const { domain, publish, settled, stateOf } = await serve();
      await publish("place-order", [{ order_id: "o1", amount: 3 }]);
      await until(async () => (await stateOf("o1")) === "TOLD");
      await settled();
      const before = [await places("order_list_v1"), await places("order_parts_v1")];
      const seen = await list(domain);
      await publish("customer-seen", [{ order_id: "o1" }]);
      await until(async () => (await list(domain))[0]?.["seen_at"] !== seen[0]?.["seen_at"]);
      expect([await places("order_list_v1"), await places("order_parts_v1")]).toEqual(before);
      await publish("cancel-order", [{ order_id: "o1" }]);
      await until(async () => (await stateOf("o1")) === "ENDED");
      // The state is in the one, and not in the other.
      expect(await places("order_list_v1")).not.toEqual(before[0]);
      expect(await places("order_parts_v1")).toEqual(before[1]);
      await publish("place-order", [{ order_id: "o1", amount: 2 }]);
      await until(async () => (await stateOf("o1")) === "TOLD");
      expect(await list(domain, {}, "order_parts")).toEqual([
        { order_id: "o1", part: 0, size: 2 },
        { order_id: "o1", part: 1, size: 2 },
      ]);
      expect(await verified(domain)).toEqual([]);
    });

    it("keep the former row of a function that fails, say so, and mend with the next change", async () => {
      let isBad = false;
      const bad = { ...orderRow, of: (each: never) => (isBad ? { amount: Number.NaN } : orderRow.of(each)) };
      const { domain, publish, settled, stateOf, told } = await serve(withViews([], viewedCode({ order_row: bad })));
      const spec = specOf(domain, "order_list");
      await publish("place-order", [{ order_id: "o1", amount: 3 }]);
      await until(async () => (await stateOf("o1")) === "TOLD");
      isBad = true;
      await publish("cancel-order", [{ order_id: "o1" }]);
      await until(async () => (await stateOf("o1")) === "ENDED");
      await settled();
      expect(await list(domain)).toMatchObject([{ order_id: "o1", status: "TOLD" }]);
      expect(await summarizeFaults(store, "orders")).toMatchObject([{ projection: "order_list", count: 1 }]);
      const [fault] = await readFaults(store, { domain: "orders", name: "order_list", version: 1 }, 5);
      expect(fault).toMatchObject({ entityId: "o1", reason: expect.stringContaining("amount: ") });
      expect(told.filter(({ kind }) => kind === "projection_fault")).toMatchObject([{ entityId: "o1" }]);
      expect(await countOlderRows(store, spec, { where: [], sort: [] })).toBe(1);
      const unpaid = { where: [{ column: "status", test: "equals", value: "UNPAID" }], sort: [] } as const;
      expect(await countOlderRows(store, spec, unpaid)).toBe(0);
      expect(await verified(domain)).toMatchObject([{ entity_id: "o1" }]);
      isBad = false;
      expect(await verified(domain)).toEqual([{ entity_id: "o1", problem: 'status of ["o1"] is "TOLD", not "ENDED"' }]);
      await publish("place-order", [{ order_id: "o1", amount: 4 }]);
      await until(async () => (await stateOf("o1")) === "TOLD");
      expect(await summarizeFaults(store, "orders")).toEqual([]);
      expect(await verified(domain)).toEqual([]);
    });

    it("are older, and the turn stands, when the store refuses a row that seemed right", async () => {
      const { domain, publish, settled, stateOf } = await serve();
      await store.query("alter table rollcall_orders.order_parts_v1 add check (size <> 4)");
      await publish("place-order", [
        { order_id: "o1", amount: 4 },
        { order_id: "o2", amount: 1 },
      ]);
      await until(async () => (await stateOf("o1")) === "TOLD" && (await stateOf("o2")) === "TOLD");
      await settled();
      expect((await store.query("select 1 from rollcall.dead_letter")).length).toBe(0);
      expect(await readFaults(store, { domain: "orders", name: "order_parts", version: 1 }, 5)).toMatchObject([
        { entityId: "o1", reason: expect.stringContaining("the store refuses it") },
        // Of the same turn; its next change mends it.
        ...((await readFaults(store, { domain: "orders", name: "order_parts", version: 1 }, 5)).length > 1
          ? [{ entityId: "o2" }]
          : []),
      ]);
      await store.query("alter table rollcall_orders.order_parts_v1 drop constraint order_parts_v1_size_check");
      expect(await rebuildProjection(filling(domain), specOf(domain, "order_parts"))).toEqual({
        entities: 2,
        faults: 0,
      });
      await rebuildProjection(filling(domain), specOf(domain, "order_list"));
      expect(await verified(domain)).toEqual([]);
      expect(await summarizeFaults(store, "orders")).toEqual([]);
    });

    it("of a log are at most one of an entity and a span, also after a takeover", async () => {
      const { domain, publish, stateOf, settled, runtime } = await serve();
      await publish("place-order", [{ order_id: "o1", amount: 3 }]);
      await until(async () => (await stateOf("o1")) === "TOLD");
      const minute = Math.floor(Date.now() / 60_000) * 60_000 - 60_000;
      const seen = async (...seconds: readonly number[]) => {
        for (const second of seconds) {
          const timestamp = new Date(minute + second * 1_000).toISOString();
          await publish("customer-seen", [{ order_id: "o1", timestamp }]);
          await until(() => runtime.status().lag === 0 && runtime.status().waiting === 0);
        }
      };
      await seen(55, 56, 58, 59);
      await settled();
      const first = await list(domain, {}, "order_visits");
      expect(first).toMatchObject([{ order_id: "o1", status: "TOLD" }]);
      await runtime.stop();
      const again = await serve();
      await again.publish("customer-seen", [{ order_id: "o1", timestamp: new Date(minute + 59_500).toISOString() }]);
      await until(() => again.runtime.status().lag === 0 && again.runtime.status().waiting === 0);
      await again.settled();
      expect(await list(domain, {}, "order_visits")).toEqual(first);
    });

    it("are filled before they are served, with progress, and anew by another version", async () => {
      const bare = await startOrders(store);
      await bare.publish("place-order", [
        { order_id: "o1", amount: 2 },
        { order_id: "o2", amount: 3 },
      ]);
      await until(async () => (await bare.stateOf("o1")) === "TOLD" && (await bare.stateOf("o2")) === "TOLD");
      await bare.runtime.stop();
      const domain = ordersDomain({ changed: withViews() });
      const progress: unknown[] = [];
      await prepareProjections(filling(domain), { onFilled: (each) => progress.push(each) });
      expect(progress).toEqual([
        { projection: "order_list", version: 1, filled: 2, of: 2 },
        { projection: "order_parts", version: 1, filled: 2, of: 2 },
      ]);
      expect(await verified(domain)).toEqual([]);
      const viewed = await store.query("select order_id, pickup_at from rollcall_orders.order_list order by 1");
      expect(viewed).toMatchObject([{ order_id: "o1", pickup_at: expect.any(Date) }, { order_id: "o2" }]);
      // Nothing to do: nothing is done.
      await prepareProjections(filling(domain), { onFilled: () => expect.unreachable() });

      const second = { ...orderRow, version: 2, shape: orderRow.shape.omit({ about: true }) };
      const of = (each: never) => {
        const { about: _, ...rest } = orderRow.of(each) as Row;
        return rest;
      };
      const next = withViews(
        [["version: 1\n    row:", "version: 2\n    row:"]],
        viewedCode({ order_row: { ...second, of } }),
      );
      const newer = ordersDomain({ changed: next });
      expect(await projectionDifferences(store, newer)).toEqual([
        "the projection order_list is version 1 in the store, and 2 in this code",
      ]);
      await prepareProjections(filling(newer));
      expect(await verified(newer)).toEqual([]);
      expect(await places("order_list_v2")).toHaveLength(2);
      const columns = await store.query("select * from rollcall_orders.order_list limit 1");
      expect(Object.keys(columns[0] ?? {})).not.toContain("about");
      // It stays for a minute, for those who still read it.
      expect(await places("order_list_v1")).toHaveLength(2);
      expect(await finishProjections(store, "orders")).toBe(false);
      await store.query("update rollcall.projection_table set left_at = left_at - interval '61 seconds'");
      expect(await finishProjections(store, "orders")).toBe(true);
      await expect(places("order_list_v1")).rejects.toThrow("does not exist");
      // There is no way back.
      await expect(prepareProjections(filling(domain))).rejects.toMatchObject({
        code: "PROJECTIONS_REFUSED",
        message: expect.stringContaining(
          "order_list is version 2 in the store, and 1 in this code: run the newer code",
        ),
      });
    });

    it("refuse another table under the same version, and what the code lacks", async () => {
      await prepared(withViews());
      const indexed = ordersDomain({ changed: withViews([["index: { size: btree }", "index: {}"]]) });
      await expect(prepareProjections(filling(indexed))).rejects.toThrow(
        "the projection order_parts has other columns, indexes or another key than its version 1 in the store",
      );
      const bare = ordersDomain();
      await expect(prepareProjections(filling(bare))).rejects.toThrow(
        "which this code lacks: if it shall go, rollcall projections drop order_list --domain orders",
      );
      for (const spec of ordersDomain({ changed: withViews() }).projections)
        await store.transaction((tx) => dropProjection(tx, spec));
      await prepareProjections(filling(bare));
      const left = `select 1 from pg_class
                     where relnamespace = to_regnamespace('rollcall_orders') and relkind in ('r', 'v')`;
      expect(await store.query(left)).toEqual([]);
    });

    it("take its partitions from a process that has other ones", async () => {
      let superseded = 0;
      await prepared(withViews());
      const former = await startOrders(store, { changed: withViews(), onSuperseded: () => superseded++ });
      stop = () => former.runtime.stop();
      const next = withViews(
        [["version: 1\n    rows", "version: 2\n    rows"]],
        viewedCode({ order_part: { ...orderPart, version: 2 } }),
      );
      await prepared(next);
      await former.publish("place-order", [{ order_id: "o1", amount: 3 }]);
      await until(() => superseded > 0);
      expect(former.runtime.status().owned).toEqual([]);
      expect(await former.stateOf("o1")).toBeUndefined();
      expect(former.told.filter(({ kind }) => kind === "partitions_lost")).toHaveLength(1);
    });

    it("are read by their columns with an index, in order, page by page", async () => {
      const { domain, publish, stateOf, settled } = await serve();
      const amounts = [4, 9, 2, 6, 6, 8];
      await publish(
        "place-order",
        amounts.map((amount, at) => ({ order_id: `o${at}`, amount })),
      );
      await until(async () =>
        (await Promise.all(amounts.map((_, at) => stateOf(`o${at}`)))).every((s) => s === "TOLD"),
      );
      await settled();
      const where = (column: string, test: RowsQuery["where"][number]["test"], value: Row[string]) => ({
        where: [{ column, test, value: value ?? null }],
      });
      const by = (column: string, descending = false) => ({ sort: [{ column, descending }] });
      expect(await ids(domain, by("amount"))).toEqual(["o2", "o0", "o3", "o4", "o5", "o1"]);
      expect(await ids(domain, { ...by("amount", true), limit: 3 })).toEqual(["o1", "o5", "o4"]);
      expect(await ids(domain, { ...by("amount"), limit: 2, offset: 1 })).toEqual(["o0", "o3"]);
      expect(await ids(domain, where("amount", "from", 8))).toEqual(["o1", "o5"]);
      expect(await ids(domain, where("amount", "any", [2, 9]))).toEqual(["o1", "o2"]);
      expect(await ids(domain, where("note", "equals", null))).toEqual(["o0", "o2"]);
      expect(await ids(domain, where("note", "prefix", 'dear "6'))).toEqual(["o3", "o4"]);
      expect(await ids(domain, where("marks", "all", ["even", 'of {6}, "quoted\\"']))).toEqual(["o3", "o4"]);
      expect(await ids(domain, where("marks", "any", ["even"]))).toHaveLength(5);
      expect(await ids(domain, where("placed", "to", "2020-01-01T00:00:00Z"))).toEqual([]);
      expect(await countRows(store, specOf(domain, "order_list"), where("amount", "equals", 6))).toBe(2);
      expect((await list(domain, where("order_id", "equals", "o2"), "order_parts"))[1]).toEqual({
        ...{ order_id: "o2", part: 1, size: 2 },
      });
      for (const sort of [
        [],
        by("note").sort,
        by("note", true).sort,
        [...by("status").sort, ...by("amount", true).sort],
      ]) {
        const { positionOf } = await import("../../../runtime/stored/projection-query.ts");
        const whole = await list(domain, { sort });
        const paged: Row[] = [];
        for (let after: RowsQuery["after"]; paged.length < whole.length;) {
          const page = await list(domain, { sort, limit: 1, ...(after && { after }) });
          if (!page[0]) break;
          paged.push(...page);
          after = positionOf(specOf(domain, "order_list"), sort, page[0]);
        }
        expect(paged).toEqual(whole);
      }
      for (const query of [where("half", "equals", 1), by("half"), by("marks"), where("amount", "prefix", "1")])
        await expect(list(domain, query)).rejects.toThrow(/has no index|takes no/);
      await expect(list(domain, where("amount", "equals", "x'; drop table t"))).rejects.toThrow("amount is never");
    });

    it("are handed out in pieces of one moment, for as long as a reader takes; turns go on", async () => {
      const { domain, publish, stateOf, settled } = await serve();
      await publish("place-order", [
        { order_id: "o1", amount: 700 },
        { order_id: "o2", amount: 600 },
      ]);
      await until(async () => (await stateOf("o1")) === "TOLD" && (await stateOf("o2")) === "TOLD");
      await settled();
      const spec = specOf(domain, "order_parts");
      const sizes: number[] = [];
      for await (const piece of readRows(store, spec, { where: [], sort: [] })) {
        sizes.push(piece.length);
        if (sizes.length > 1) continue;
        await publish("place-order", [{ order_id: "o3", amount: 5 }]);
        await until(async () => (await stateOf("o3")) === "TOLD");
      }
      expect(sizes).toEqual([500, 500, 300]);
      expect(await countRows(store, spec, { where: [] })).toBe(1305);
      // A reader that returns early leaves nothing open.
      for await (const piece of readRows(store, spec, { where: [], sort: [] })) if (piece.length > 0) break;
      expect(await store.query("select 1 from pg_cursors where name like 'rollcall%'")).toEqual([]);
    });
  });
}
