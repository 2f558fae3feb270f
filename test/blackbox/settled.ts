import { expect } from "vitest";
import { waitUntil } from "../real/services/wait-until.ts";
import { judge } from "./judge.ts";
import type { World } from "./world.ts";

/** When input has stopped, everything agrees within 60 s (G10), and nothing that was promised was broken on the way. */
export async function expectPromisesKept(world: World, timeoutMs = 60_000): Promise<void> {
  const evidence = await waitUntil(
    async () => {
      const found = await world.evidence();
      expect(judge(found)).toEqual([]);
      return found;
    },
    { what: "a system at rest", timeoutMs },
  );
  expect(evidence.records.length).toBeGreaterThan(0);
  expect(judge({ ...evidence, rows: await world.rowsAtTheEnd() })).toEqual([]);
}
