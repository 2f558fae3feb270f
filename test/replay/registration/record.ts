import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import type { ExportedLine } from "../../../app/journal/exported-line.ts";
import { PgliteStore } from "../../../runtime/adapters/pglite/pglite-store.ts";
import { shippedDomain } from "../../registration/shipped-domain.ts";
import { type Scenario, SCENARIOS } from "./scenarios.ts";
import { Stage } from "./stage.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures", import.meta.url));

async function record(store: PgliteStore, name: string, { play, ends }: Scenario): Promise<void> {
  const stage = await Stage.on(store);
  await play(stage);
  const states = await stage.states();
  if (!isDeepStrictEqual(states, ends)) throw new Error(`${name} ends with ${JSON.stringify(states)}`);
  const lines = (await stage.journal()).filter(isNeeded);
  writeFileSync(join(FIXTURES, `${name}.ndjson`), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  await stage.stop();
  process.stdout.write(`${name}: ${lines.length} lines\n`);
}

/** Fixtures leave the shipped contracts out: a change of them that changes no recorded step needs no new fixtures. */
const isNeeded = (line: ExportedLine): boolean => line.line !== "contract" || line.hash !== shippedDomain.contractHash;

/**
 * Records the journals in `fixtures` anew, for changes of core or contract that are meant to change them.
 * @param names of scenarios; none: all
 */
export async function recordJournals(names: readonly string[]): Promise<void> {
  const chosen = Object.entries(SCENARIOS).filter(([name]) => names.length === 0 || names.includes(name));
  mkdirSync(FIXTURES, { recursive: true });
  if (names.length === 0) for (const file of readdirSync(FIXTURES)) rmSync(join(FIXTURES, file));
  const store = await PgliteStore.open({ directory: undefined });
  for (const [name, scenario] of chosen) await record(store, name, scenario);
  await store.close();
}
