import { describe, expect, it } from "vitest";
import { type RowPageRequest, PagedRows } from "../../../dashboard/shared/paged-rows.ts";

/** A list of numbers. A cursor is the number after which its page begins. */
function world(length: number) {
  const list = Array.from({ length }, (_, index) => index);
  const asked: (RowPageRequest & { readonly signal: AbortSignal })[] = [];
  const reported: (Error | undefined)[] = [];
  const failure: { error?: Error } = {};
  const pages = new PagedRows<number>(
    async (request, signal) => {
      asked.push({ ...request, signal });
      const { cursor, skip, limit, count } = request;
      await Promise.resolve();
      if (failure.error) throw failure.error;
      const from = (cursor === undefined ? 0 : list.indexOf(Number(cursor)) + 1) + skip;
      const items = list.slice(from, from + limit);
      const next_cursor = from + limit < list.length ? String(items.at(-1)) : null;
      return { items, next_cursor, ...(count && { total: list.length }) };
    },
    (error) => reported.push(error),
  );
  const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
  const starts = () => asked.splice(0).map(({ cursor, skip }) => ({ cursor, skip }));
  return { list, asked, starts, reported, failure, pages, settled };
}

describe("the rows of a long list", () => {
  it("are fetched once, where they are visible", async () => {
    const { pages, settled, starts } = world(1_000);
    pages.showRows(250, 20);
    expect([pages.total, pages.row(250)]).toEqual([undefined, undefined]);
    await settled();
    expect([pages.total, pages.row(250), pages.row(100)]).toEqual([1_000, 250, undefined]);
    pages.showRows(210, 20);
    await settled();
    expect(starts()).toEqual([{ cursor: undefined, skip: 200 }]);
  });

  it("are reached from the nearest cursor that was received", async () => {
    const { pages, settled, starts } = world(1_000);
    pages.showRows(250, 100);
    await settled();
    starts();
    pages.showRows(450, 10);
    await settled();
    expect([starts(), pages.row(455)]).toEqual([[{ cursor: "399", skip: 0 }], 455]);
    pages.showRows(750, 10);
    await settled();
    expect([starts(), pages.row(755)]).toEqual([[{ cursor: "499", skip: 200 }], 755]);
  });

  it("are no longer waited for when they are out of sight", async () => {
    const { pages, asked, settled, reported } = world(1_000);
    pages.showRows(0, 10);
    pages.showRows(900, 10);
    expect(asked.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    await settled();
    expect([reported, pages.row(0), pages.row(900)]).toEqual([[undefined], undefined, 900]);
  });

  it("are counted with the first request and with each refresh", async () => {
    const { pages, asked, settled } = world(1_000);
    pages.showRows(0, 10);
    await settled();
    pages.showRows(195, 10);
    await settled();
    await pages.refetch();
    expect(asked.map(({ count }) => count)).toEqual([true, false, false, true, false]);
  });

  it("stay while they are fetched again, and none is missing where two pages meet", async () => {
    const { pages, list, settled } = world(1_000);
    pages.showRows(95, 10);
    await settled();
    list.unshift(-1);
    const again = pages.refetch();
    expect(pages.row(95)).toBe(95);
    await again;
    expect(pages.total).toBe(1_001);
    expect([98, 99, 100, 101].map((index) => pages.row(index))).toEqual([97, 98, 99, 100]);
  });

  it("are complete at the end, also when rows were inserted before the cursors that were received", async () => {
    const { pages, list, settled } = world(1_000);
    pages.showRows(850, 10);
    await settled();
    list.unshift(-3, -2, -1);
    await pages.refetch();
    pages.showRows(990, 13);
    await settled();
    expect([pages.total, pages.row(1_002), pages.row(1_000)]).toEqual([1_003, 999, 997]);
  });

  it("are reached without old cursors when more than a page of rows was inserted", async () => {
    const { pages, list, settled, starts } = world(1_000);
    pages.showRows(150, 10);
    await settled();
    list.unshift(...Array.from({ length: 101 }, (_, index) => index - 101));
    await pages.refetch();
    await pages.refetch();
    starts();
    pages.showRows(250, 10);
    await settled();
    expect([starts(), pages.row(250)]).toEqual([[{ cursor: "98", skip: 0 }], 149]);
  });

  it("are kept in a bounded number", async () => {
    const { pages, settled } = world(10_000);
    for (let first = 0; first < 10_000; first += 100) {
      pages.showRows(first, 10);
      await settled();
    }
    expect([pages.row(0), pages.row(9_900), pages.row(6_000)]).toEqual([undefined, 9_900, 6_000]);
  });

  it("stay when the server can't be reached, and the error is reported", async () => {
    const { pages, settled, reported, failure } = world(100);
    pages.showRows(0, 10);
    await settled();
    failure.error = new Error("away");
    await pages.refetch();
    expect([reported, pages.row(5), pages.total]).toEqual([[undefined, failure.error], 5, 100]);
  });

  it("of an empty list are none", async () => {
    const { pages, settled } = world(0);
    pages.showRows(0, 10);
    await settled();
    expect([pages.total, pages.row(0)]).toEqual([0, undefined]);
  });
});
