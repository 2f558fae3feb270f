import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { compileStoredContracts } from "../../app/host/contracts-in-force.ts";
import { parseExportedLine, type ExportedLine } from "../../app/journal/exported-line.ts";
import { withoutBackends } from "../../effects/backends.ts";
import { registrationOn } from "../../app/modules/registration/module.ts";
import type { Domain } from "../../runtime/core/domain.ts";
import type { ReplayDifference } from "../../runtime/replay/replay-findings.ts";
import { Replay } from "../../runtime/replay/replay.ts";
import { shippedDomain } from "../registration/shipped-domain.ts";
import { SCENARIOS } from "./registration/scenarios.ts";

const FIXTURES = new URL("fixtures/", import.meta.url);
const linesOf = (name: string): ExportedLine[] =>
  readFileSync(new URL(`${name}.ndjson`, FIXTURES), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => parseExportedLine(JSON.parse(line)) ?? expect.fail(`no line of a journal: ${line.slice(0, 200)}`));

/** The contracts in the journal, and today's shipped ones for all other hashes that its rows name. */
function contractsOf(lines: readonly ExportedLine[]): Map<string, Domain> {
  const hashes = lines.flatMap((line) => (line.line === "row" ? [line.contract_hash] : []));
  const contracts = new Map(hashes.map((hash) => [hash, shippedDomain]));
  for (const line of lines)
    if (line.line === "contract")
      contracts.set(
        line.hash,
        compileStoredContracts(line.files, registrationOn(withoutBackends), { env: "dev", namespace: "" }).domain,
      );
  return contracts;
}

/**
 * Journals recorded with the real shell. A difference is a change of behaviour. If it is intended, `npm run fixtures`
 * records them anew, and the diff of the files shows what nodes and readers will see.
 */
describe("the recorded journals", () => {
  it("exist for every scenario, at least thirty", () => {
    const names = readdirSync(fileURLToPath(FIXTURES)).map((file) => file.replace(".ndjson", ""));
    expect(names.toSorted()).toEqual(Object.keys(SCENARIOS).toSorted());
    expect(names.length).toBeGreaterThanOrEqual(30);
  });

  it.each(Object.keys(SCENARIOS))("%s is reproduced byte for byte", (name) => {
    const lines = linesOf(name);
    const found: (ReplayDifference | string)[] = [];
    const replay = new Replay(contractsOf(lines), {
      difference: (difference) => found.push(difference),
      incomplete: (entityId, reason) => found.push(`${entityId}: ${reason}`),
    });
    for (const line of lines)
      if (line.line === "row") replay.addLine(line);
      else if (line.line === "entity") replay.addSnapshot(line);
    const { rows, states, reworded } = replay.end();
    expect(found).toEqual([]);
    expect(reworded).toBe(0);
    expect(rows).toBeGreaterThan(0);
    expect(states).toBe(Object.keys(SCENARIOS[name]?.ends ?? {}).length);
  });

  it("contain every state, every event, every intent and every kind of row", () => {
    const rows = Object.keys(SCENARIOS)
      .flatMap(linesOf)
      .flatMap((line) => (line.line === "row" ? [line] : []));
    const said = JSON.stringify(rows);
    const states = [...shippedDomain.orchestrator.states.keys()].filter((state) => state !== "(none)");
    const names = [...states, ...shippedDomain.topicByEventType.keys(), ...shippedDomain.effects.keys()];
    expect(names.filter((name) => !said.includes(`"${name}"`))).toEqual([]);
    expect([...new Set(rows.map(({ kind }) => kind))].toSorted()).toEqual([
      "dead_letter",
      "end",
      "event",
      "gap",
      "intent",
      "message",
      "repartitioned",
      "repeat",
    ]);
  });
});
