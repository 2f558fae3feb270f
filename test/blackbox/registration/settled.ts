import { expect } from "vitest";
import { waitUntil } from "../../real/services/wait-until.ts";
import { judge } from "./judge.ts";
import type { NodeEvidence, NodeWorld } from "./world.ts";

/** Promised are 60 s; less is allowed here, so that a test reports the fault before its own time limit. */
const REST_MS = 45_000;

/** How often the rows, which are read last, may be newer than the rest. */
const LOOKS_MAX = 3;

/** When input has stopped, everything agrees (G10), and nothing that was promised was broken on the way. */
export async function expectPromisesKept(world: NodeWorld): Promise<void> {
  for (let looks = 1; ; looks++) {
    const evidence = await atRest(world);
    expect(evidence.records.length).toBeGreaterThan(0);
    // Rows that were read with the rest are of the same moment.
    if (evidence.rows) return;
    const broken = judge({ ...evidence, rows: await world.rowsAtTheEnd() });
    if (broken.length === 0) return;
    if (looks === LOOKS_MAX) expect(broken).toEqual([]);
    // A deadline may have fired in between. A real fault is still there at the next attempt.
    await world.start();
  }
}

function atRest(world: NodeWorld): Promise<NodeEvidence> {
  return waitUntil(
    async () => {
      const found = await world.evidence();
      const broken = judge(found);
      if (broken.length > 0) throw new Error(`${broken.length} broken promises:\n${broken.slice(0, 20).join("\n")}`);
      return found;
    },
    { what: "a system at rest", timeoutMs: REST_MS },
  );
}
