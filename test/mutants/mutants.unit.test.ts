import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "../tidy/sources.ts";
import { FLOW_NODE_MUTANTS } from "./flow-node/mutants.ts";
import { MUTANTS as COMMON } from "./mutants.ts";

const MUTANTS = [...COMMON, ...FLOW_NODE_MUTANTS];

const timesIn = (file: string, text: string): number => readFileSync(join(ROOT, file), "utf8").split(text).length - 1;

describe("the planted defects", () => {
  it.each(MUTANTS)("$defect: is at one place of the source", ({ file, find }) => expect(timesIn(file, find)).toBe(1));

  it("are at least twenty different ones", () =>
    expect(new Set(MUTANTS.map(({ defect }) => defect)).size).toBeGreaterThanOrEqual(20));
});
