import { expect } from "vitest";
import { waitUntil } from "../real/services/wait-until.ts";
import { judge } from "./judge.ts";
import type { World } from "./world.ts";

/** Promised are 60 s; less is allowed here, so that a test says what is wrong before its own time is over. */
const REST_MS = 45_000;

/** When input has stopped, everything agrees (G10), and nothing that was promised was broken on the way. */
export async function expectPromisesKept(world: World): Promise<void> {
  const evidence = await waitUntil(
    async () => {
      const found = await world.evidence();
      const broken = judge(found);
      if (broken.length > 0) throw new Error(`${broken.length} broken promises:\n${broken.slice(0, 20).join("\n")}`);
      return found;
    },
    { what: "a system at rest", timeoutMs: REST_MS },
  );
  expect(evidence.records.length).toBeGreaterThan(0);
  // Rows that were read with the rest are of the same moment: a deadline may move a node on in the next one.
  if (!evidence.rows) expect(judge({ ...evidence, rows: await world.rowsAtTheEnd() })).toEqual([]);
}
