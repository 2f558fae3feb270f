import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Diagnostic } from "../../../runtime/contract/diagnostics/diagnostic.ts";
import { loadContract, loadContractFolder } from "../../../runtime/contract/reading/load.ts";
import { toyFolder } from "../toy-domain.ts";

const fixtures = new URL("../fixtures/", import.meta.url);
const problemsIn = (file: string): readonly Diagnostic[] =>
  loadContract({ file, text: readFileSync(new URL(file, fixtures), "utf8") }).diagnostics;
const inShort = ({ code, line, column, suggestion }: Diagnostic): string =>
  `${code} ${line}:${column}${suggestion === undefined ? "" : ` ${suggestion}?`}`;

// Each file has one mistake: what is said about it, and where.
const CASES: Readonly<Record<string, string>> = {
  "rc001/alias-of-nothing.yaml": "RC001 4:9",
  "rc001/control-character.yaml": "RC001 1:11",
  "rc001/custom-tag.yaml": "RC001 4:9",
  "rc001/empty.yaml": "RC001 1:1",
  "rc001/not-a-mapping-value.yaml": "RC001 1:7",
  "rc001/quote-without-end.yaml": "RC001 1:7",
  "rc001/tab.yaml": "RC001 11:1",
  "rc001/two-documents.yaml": "RC001 12:1",
  "rc001/yaml-1.1.yaml": "RC001 1:1",
  "rc002/duplicate-key-in-flow.yaml": "RC002 3:31",
  "rc002/duplicate-key.yaml": "RC002 5:1",
  "rc003/alias-bomb.yaml": "RC003 9:29",
  "rc003/self-reference.yaml": "RC003 6:11",
  "rc003/too-deep.yaml": "RC003 5:42",
  "rc005/key-of-another-kind.yaml": "RC005 5:1",
  "rc005/merge-key.yaml": "RC005 12:7",
  "rc005/misspelt-in-invariant.yaml": "RC005 27:7 eventually?",
  "rc005/misspelt-kind.yaml": "RC005 2:1 node_type?",
  "rc005/misspelt.yaml": "RC005 11:7 backend?",
  "rc005/no-such-key.yaml": "RC005 5:1",
  "rc005/prototype.yaml": "RC005 5:1",
  "rc006/in-a-list.yaml": "RC006 8:7",
  "rc006/in-a-map.yaml": "RC006 3:1",
  "rc006/invariant-of-nothing.yaml": "RC006 27:5",
  "rc006/neither-action-nor-matrix.yaml": "RC006 15:7",
  "rc006/no-kind.yaml": "RC006 1:1",
  "rc006/no-name.yaml": "RC006 1:1",
  "rc006/no-op-without-reason.yaml": "RC006 15:7",
  "rc006/renewed-by-without-renewed-for.yaml": "RC006 23:27",
  "rc007/a-fraction.yaml": "RC007 3:28",
  "rc007/a-list-at-the-top.yaml": "RC007 1:1",
  "rc007/initial-state-of-an-orchestrator.yaml": "RC007 21:18",
  "rc007/leading-zero.yaml": "RC007 3:28",
  "rc007/map-for-a-list.yaml": "RC007 8:7",
  "rc007/nothing.yaml": "RC007 4:1",
  "rc007/octal.yaml": "RC007 3:28",
  "rc007/text-for-a-map.yaml": "RC007 10:16",
  "rc007/yes-is-a-text.yaml": "RC007 23:40",
  "rc008/a-fraction.yaml": "RC008 12:16",
  "rc008/leading-zero.yaml": "RC008 12:16",
  "rc008/no-unit.yaml": "RC008 12:16",
  "rc008/unknown-unit.yaml": "RC008 12:16",
  "rc009/contract-name.yaml": "RC009 1:7",
  "rc009/event-pattern.yaml": "RC009 25:36",
  "rc009/intent-type.yaml": "RC009 9:20",
  "rc009/name-of-every-object.yaml": "RC009 11:21",
  "rc009/state-called-null.yaml": "RC009 23:21",
  "rc009/topic.yaml": "RC009 8:14",
  "rc009/variable.yaml": "RC009 5:12",
  "rc010/action-and-matrix.yaml": "RC010 18:7",
  "rc010/asked-again-below-first.yaml": "RC010 12:25",
  "rc010/empty-batch.yaml": "RC010 12:21",
  "rc010/guard-ratio.yaml": "RC010 23:129",
  "rc010/guard-without-renewal.yaml": "RC010 23:61",
  "rc010/initial-above-default-max.yaml": "RC010 13:38",
  "rc010/jitter.yaml": "RC010 12:31",
  "rc010/kind.yaml": "RC010 2:12 EFFECT?",
  "rc010/max-delay-below-initial.yaml": "RC010 12:53",
  "rc010/nine-conditions.yaml": "RC010 21:60",
  "rc010/never-and-eventually.yaml": "RC010 27:7",
  "rc010/no-handlers.yaml": "RC010 14:13",
  "rc010/one-id-for-both.yaml": "RC010 6:16",
  "rc010/over-2-to-53.yaml": "RC010 3:28",
  "rc010/reason-of-an-action.yaml": "RC010 19:7",
  "rc010/retain-below-a-week.yaml": "RC010 23:54",
  "rc010/retain-not-terminal.yaml": "RC010 23:35",
  "rc010/retain-with-deadline.yaml": "RC010 23:46",
  "rc010/retries.yaml": "RC010 12:36",
  "rc010/star-in-a-list.yaml": "RC010 18:55",
  "rc010/strategy.yaml": "RC010 6:21",
  "rc010/takes-itself-back.yaml": "RC010 12:23",
  "rc010/timeout-of-nothing.yaml": "RC010 12:16",
  "rc010/transient-and-terminal.yaml": "RC010 23:46",
  "rc010/transient-with-deadline.yaml": "RC010 23:47",
};

describe("the loader", () => {
  it.each(Object.entries(CASES))("says of %s only %s", (file, said) =>
    expect(problemsIn(file).map(inShort)).toEqual([said]),
  );

  it("has a case for each fixture", () => {
    const folders = readdirSync(fixtures, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const files = folders.flatMap(({ name }) =>
      readdirSync(new URL(`${name}/`, fixtures)).map((file) => `${name}/${file}`),
    );
    expect(files.toSorted()).toEqual(Object.keys(CASES).toSorted());
  });

  it("says ten things about a contract with ten mistakes", () =>
    expect(problemsIn("ten-mistakes.yaml").map(inShort)).toEqual([
      "RC009 1:7",
      "RC006 3:1",
      "RC007 3:28",
      "RC005 5:1",
      "RC010 8:19",
      "RC008 14:16",
      "RC010 15:21",
      "RC005 16:7 retry_policy?",
      "RC010 16:52",
      "RC010 16:64",
    ]));

  it("shows the line, how much of it is meant, and what it contradicts", () =>
    expect(problemsIn("rc010/max-delay-below-initial.yaml")).toMatchObject([
      {
        severity: "error",
        excerpt: "      retry_policy: { initial_delay: 5s, max_delay: 1s }",
        width: 2,
        related: [{ line: 12, column: 38, message: "initial_delay" }],
      },
    ]));

  it.each([
    ["flow lists", "[".repeat(20_000)],
    ["closed flow lists", "[".repeat(20_000) + "]".repeat(20_000)],
    ["flow maps", "{a: ".repeat(20_000)],
    ["compact lists", "- ".repeat(20_000)],
    ["compact keys", "? ".repeat(20_000)],
  ])("refuses 20,000 nested %s without reading them", (_, text) =>
    expect(loadContract({ file: "deep.yaml", text }).diagnostics.map(({ code }) => code)).toEqual(["RC003"]),
  );

  it("takes 32 levels and no 33rd", () => {
    const nested = (levels: number) => ({ file: "f", text: "[".repeat(levels) + "x" + "]".repeat(levels) });
    expect(loadContract(nested(32)).diagnostics.map(inShort)).toEqual(["RC007 1:1"]);
    expect(loadContract(nested(33)).diagnostics.map(inShort)).toEqual(["RC003 1:33"]);
  });

  it("takes aliases that are no bomb", () => {
    const text = readFileSync(new URL("rc008/no-unit.yaml", fixtures), "utf8")
      .replace("timeout: 30", "timeout: *t")
      .replace("domain: toy", "domain: toy\nmetadata: { usual: &t 30s }");
    expect(loadContract({ file: "f", text }).diagnostics).toEqual([]);
  });

  it.each(["contracts/registration", toyFolder])("has nothing to say about %s", (dir) => {
    const { contracts, diagnostics, unreadableFiles } = loadContractFolder(dir);
    expect(diagnostics).toEqual([]);
    expect(unreadableFiles).toEqual([]);
    expect(contracts.map(({ contract }) => contract.node_type).toSorted()).toEqual([
      "EFFECT",
      "ORCHESTRATOR",
      "REDUCER",
    ]);
  });

  it("is total: whatever stands in a file, it answers with places inside of it", () => {
    const whole = readFileSync(new URL("rc010/nine-conditions.yaml", fixtures), "utf8");
    const cut = fc
      .tuple(
        fc.nat(whole.length),
        fc.nat(20),
        fc.string({ maxLength: 8, unit: fc.constantFrom(..."[]{}:-&*!|>'\"#% \n\tax0") }),
      )
      .map(([start, length, more]) => whole.slice(0, start) + more + whole.slice(start + length));
    fc.assert(
      fc.property(fc.oneof(cut, fc.string()), (text) => {
        const lines = text.split("\n");
        for (const { line, column, width } of loadContract({ file: "f", text }).diagnostics) {
          expect(line).toBeGreaterThanOrEqual(1);
          expect(line).toBeLessThanOrEqual(lines.length);
          expect(column).toBeGreaterThanOrEqual(1);
          expect(column).toBeLessThanOrEqual(lines[line - 1]!.length + 1);
          expect(width).toBeGreaterThanOrEqual(1);
        }
      }),
      { numRuns: 300 },
    );
  }, 60_000);
});

describe("a contract's places", () => {
  const [source] = loadContractFolder(toyFolder).contracts.filter(
    ({ contract }) => contract.node_type === "ORCHESTRATOR",
  );

  it("are those of keys and values", () => {
    expect(source?.spanAt(["entity_id"])).toMatchObject({ line: 7, column: 12, width: 8 });
    expect(source?.spanAt(["entity_id"], "key")).toMatchObject({ line: 7, column: 1, width: 9 });
    expect(source?.spanAt(["state_machine", "transitions", 0, "from_state", 1])).toMatchObject({
      line: 67,
      column: 28,
    });
  });

  it("end where the file does", () => {
    const alone = source?.spanAt(["state_machine", "transitions", 1, "from_state"]);
    expect(source?.spanAt(["state_machine", "transitions", 1, "from_state", 0])).toEqual(alone);
    expect(source?.spanAt(["attempt", "no", "such", "key"])).toEqual(source?.spanAt(["attempt"], "key"));
  });
});
