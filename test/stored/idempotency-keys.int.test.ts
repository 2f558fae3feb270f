import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PgliteStore } from "../../runtime/adapters/pglite/pglite-store.ts";
import { claimKey } from "../../runtime/stored/seen.ts";
import { openInitializedStore } from "../initialized-store.ts";
import { emptyTables } from "../shell/orders.ts";

let store: PgliteStore;
beforeAll(async () => {
  store = await openInitializedStore();
  await emptyTables(store);
});
afterAll(() => store.close());

const claim = (key: string, digest: string, day = "2026-01-01") => claimKey(store, ["ann", "order", key], digest, day);

describe("an idempotency key", () => {
  it("stands for one use, also on the next day", async () => {
    expect([await claim("a", "x"), await claim("a", "x"), await claim("a", "y")]).toEqual([true, true, false]);
    expect([await claim("a", "x", "2026-01-02"), await claim("a", "y", "2026-01-02")]).toEqual([true, false]);
    expect(await claimKey(store, ["bob", "order", "a"], "y", "2026-01-01")).toBe(true);
  });

  it("stands for the use of one of those who claim it at once", async () => {
    const claimed = await Promise.all(["x", "y", "z", "x"].map((digest) => claim("b", digest)));
    expect(claimed).toEqual([true, false, false, true]);
    expect(await claim("b", "y")).toBe(false);
  });
});
