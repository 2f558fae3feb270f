import { describe, expect, it } from "vitest";
import type { Diagnostic } from "../../../runtime/contract/diagnostics/diagnostic.ts";
import { didYouMean } from "../../../runtime/contract/diagnostics/did-you-mean.ts";
import { formatDiagnostics } from "../../../runtime/contract/diagnostics/format-diagnostics.ts";

const problem: Diagnostic = {
  ...{ file: "toy/bank.yml", line: 14, column: 7, width: 7, excerpt: "      bakcend: bank" },
  ...{ code: "RC005", severity: "error", message: "unknown key bakcend", suggestion: "backend" },
  related: [{ file: "toy/orders.yaml", line: 3, column: 1, message: "the other half" }],
};
const warning: Diagnostic = { ...problem, severity: "warning", code: "RC301", message: "50% a,b: \u001b[31mred" };

describe("diagnostics as text", () => {
  it("show the place, the line with a caret, what was meant and the other half", () =>
    expect(formatDiagnostics([problem], "text")).toBe(
      [
        "toy/bank.yml:14:7  error  RC005  unknown key bakcend",
        "          bakcend: bank",
        "          ^^^^^^^",
        "    did you mean backend?",
        "    toy/orders.yaml:3:1  the other half",
        "",
      ].join("\n"),
    ));

  it("show what to do, and the way there as a table", () => {
    const step = {
      atMs: 1,
      message: "OpenItem",
      orchestrator: "OPEN",
      reducer: "idle",
      events: ["ItemOpened"],
      intents: ["item.write"],
      reason: "",
    };
    const late = {
      ...step,
      atMs: -60_000,
      message: "OpenItem, held up",
      events: [],
      intents: [],
      reason: "open before",
    };
    const found = { ...problem, code: "RC206", remedy: "close it", timeline: [step, late] };
    expect(formatDiagnostics([found], "text").split("\n").slice(4)).toEqual([
      "    close it",
      "    toy/orders.yaml:3:1  the other half",
      "    T          message            orchestrator  reducer  events and intents",
      "    0.001 s    OpenItem           OPEN          idle     ItemOpened, -> item.write",
      "    -60.000 s  OpenItem, held up  OPEN          idle     (open before)",
      "",
    ]);
    expect(formatDiagnostics([found], "github")).toContain("%0Aclose it%0Atoy/orders.yaml:3:1: the other half%0AT ");
  });

  it("keep the caret under its column after tabs, and inside of a cut line", () => {
    const text = formatDiagnostics([{ ...problem, excerpt: "\t\tab", column: 3, width: 9 }], "text");
    expect(text.split("\n").slice(1, 3)).toEqual(["      ab", "      ^^"]);
    expect(formatDiagnostics([{ ...problem, excerpt: "", column: 3 }], "text")).not.toContain("^");
  });

  it("are coloured only when asked to, and never by what a file says", () => {
    expect(formatDiagnostics([warning], "text")).not.toContain("\u001b");
    expect(formatDiagnostics([warning], "text", { colors: true })).toContain("\u001b[33mwarning");
    expect(formatDiagnostics([warning], "text", { colors: true })).not.toContain("\u001b[31mred");
  });

  it("are nothing when there is nothing to say", () => expect(formatDiagnostics([], "text")).toBe(""));
});

describe("diagnostics for programs", () => {
  it("are JSON as they are", () => expect(JSON.parse(formatDiagnostics([problem], "json"))).toEqual([problem]));

  it("are GitHub annotations on one line each, escaped", () => {
    expect(formatDiagnostics([problem], "github")).toBe(
      "::error file=toy/bank.yml,line=14,col=7,endColumn=14,title=RC005::unknown key bakcend%0Adid you mean " +
        "backend?%0Atoy/orders.yaml:3:1: the other half\n",
    );
    expect(formatDiagnostics([{ ...warning, file: "a,b:c" }], "github")).toMatch(
      /^::warning file=a%2Cb%3Ac,line=14,.*::50%25 a,b: /,
    );
  });
});

describe("did you mean", () => {
  it.each([
    ["bakcend", ["backend", "batch"], "backend"],
    ["HandlerCardcharge", ["HandlerCardRefund", "HandlerCardCharge"], "HandlerCardCharge"],
    ["activate", ["deregister"], undefined],
    ["x", ["y"], "y"],
    ["", ["a"], "a"],
    ["same", ["same"], undefined],
    ["retry", [], undefined],
  ])("%j among %j is %j", (name, candidates, meant) => expect(didYouMean(name, candidates)).toBe(meant));
});
