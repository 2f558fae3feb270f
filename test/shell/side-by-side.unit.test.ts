import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sideBySide } from "../../runtime/shell/side-by-side.ts";

describe("work side by side", () => {
  it("is done for each item once, with as many under way as may be, and told in their order", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer()),
        fc.integer({ min: 1, max: 5 }),
        fc.scheduler(),
        async (items, most, scheduler) => {
          let underWay = 0;
          let mostUnderWay = 0;
          const done = sideBySide(items, most, async (item) => {
            mostUnderWay = Math.max(mostUnderWay, ++underWay);
            await scheduler.schedule(Promise.resolve());
            underWay--;
            return item + 1;
          });
          await scheduler.waitFor(done);
          expect(await done).toEqual(items.map((item) => item + 1));
          expect(mostUnderWay).toBe(Math.min(most, items.length));
        },
      ),
    ));

  it("is begun for no more items once one has failed", async () => {
    const ends: (() => void)[] = [];
    const begun: number[] = [];
    const done = sideBySide([0, 1, 2, 3], 2, async (item) => {
      begun.push(item);
      await new Promise<void>((resolve) => ends.push(resolve));
      if (item === 1) throw new Error("the second");
    });
    ends[1]?.();
    await expect(done).rejects.toThrow("the second");
    ends[0]?.();
    await new Promise((resolve) => setImmediate(resolve));
    expect(begun).toEqual([0, 1]);
  });
});
