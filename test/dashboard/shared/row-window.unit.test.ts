import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rowForKey, scrollTopToReveal, rowWindow } from "../../../dashboard/shared/row-window.ts";

const list = { viewportPx: 360, rowPx: 36, total: 100_000 };

describe("the window of a long list", () => {
  it("has the visible rows and a few more", () => {
    expect(rowWindow({ ...list, scrollTop: 0 }, 5)).toEqual({ first: 0, count: 15, offsetPx: 0, heightPx: 3_600_000 });
    expect(rowWindow({ ...list, scrollTop: 36_000 }, 5)).toMatchObject({ first: 995, count: 20, offsetPx: 35_820 });
  });

  it("may begin within a row", () =>
    expect(rowWindow({ ...list, scrollTop: 18 }, 0)).toMatchObject({ first: 0, count: 11, offsetPx: 0 }));

  it("is empty without rows, and has all rows of a short list", () => {
    expect(rowWindow({ ...list, total: 0, scrollTop: 0 }, 5)).toEqual({ first: 0, count: 0, offsetPx: 0, heightPx: 0 });
    expect(rowWindow({ ...list, total: 3, scrollTop: 999 }, 5)).toMatchObject({ first: 0, count: 3, offsetPx: 0 });
  });

  it("is never taller than browsers allow, and still reaches the last row", () => {
    const scrolled = { ...list, total: 1_000_000, scrollTop: 8_000_000 - list.viewportPx };
    const { first, count, offsetPx, heightPx } = rowWindow(scrolled, 0);
    expect([heightPx, first + count]).toEqual([8_000_000, 1_000_000]);
    expect(offsetPx + count * list.rowPx).toBeCloseTo(8_000_000, 3);
  });

  it("covers the visible part, wherever the reader has scrolled to", () =>
    fc.assert(
      fc.property(
        fc.nat(2_000_000),
        fc.nat(9_000_000),
        fc.integer({ min: 36, max: 2_000 }),
        (total, scrollTop, viewportPx) => {
          const { first, count, offsetPx, heightPx } = rowWindow({ total, scrollTop, viewportPx, rowPx: 36 }, 2);
          const top = Math.min(scrollTop, Math.max(0, heightPx - viewportPx));
          expect(first + count).toBeLessThanOrEqual(total);
          expect(offsetPx).toBeLessThanOrEqual(top + 0.01);
          const seenTo = Math.min(top + viewportPx, heightPx);
          if (total > 0) expect(offsetPx + count * 36).toBeGreaterThanOrEqual(seenTo - 0.01);
        },
      ),
    ));
});

describe("a row that the keyboard moves to", () => {
  it.each([100_000, 1_000_000])("is visible as a whole, of %d rows", (total) => {
    for (const row of [0, 1, 9, 10, 50_000, total - 1]) {
      const scrolled = { ...list, total, scrollTop: 777_777 };
      const scrollTop = scrollTopToReveal(row, scrolled);
      const { first, offsetPx } = rowWindow({ ...scrolled, scrollTop }, 0);
      const rowTop = offsetPx + (row - first) * list.rowPx - scrollTop;
      expect(rowTop).toBeGreaterThan(-0.01);
      expect(rowTop + list.rowPx).toBeLessThan(list.viewportPx + 0.01);
    }
  });

  it("is not scrolled to when it is visible already", () =>
    expect(scrollTopToReveal(12, { ...list, scrollTop: 360 })).toBe(360));

  it("depends on the key, and stays within the list", () => {
    const scrolled = { ...list, scrollTop: 0 };
    const to = (key: string, row: number) => rowForKey(key, row, scrolled);
    expect([to("ArrowDown", 0), to("ArrowUp", 0), to("PageDown", 5), to("PageUp", 5)]).toEqual([1, 0, 14, 0]);
    expect([to("Home", 5), to("End", 5), to("ArrowDown", 99_999), to("a", 5)]).toEqual([0, 99_999, 99_999, undefined]);
    expect(rowForKey("End", 0, { ...scrolled, total: 0 })).toBeUndefined();
  });
});
