import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { EFFECT_DEFAULTS } from "../../runtime/contract/language/schema-effect.ts";
import { filesIn, ROOT } from "./sources.ts";

const text = readFileSync(join(ROOT, "docs/reference/contracts.md"), "utf8");
const schema: unknown = JSON.parse(readFileSync(join(ROOT, "schemas/contract.schema.json"), "utf8"));

function keysOf(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    ...(key === "properties" ? Object.keys(inner as object) : []),
    ...keysOf(inner),
  ]);
}

/** Cells of the row that explains a key. */
const cellsOf = (key: string): readonly string[] =>
  new RegExp(`^\\| \`${key}\` \\|(.*)\\|$`, "m")
    .exec(text)?.[1]
    ?.split("|")
    .map((cell) => cell.trim()) ?? [];

describe("docs/reference/contracts.md", () => {
  it("names every key of the language", () => {
    const keys = [...new Set(keysOf(schema))].filter((key) => !["major", "minor", "patch"].includes(key));
    const named = (key: string): boolean => new RegExp(`\`[^\`\\n]*\\b${key}\\b[^\`\\n]*\``).test(text);
    expect(keys.length).toBeGreaterThan(40);
    expect(keys.filter((key) => !named(key))).toEqual([]);
  });

  it("has every diagnostic that the loader can give, and no other", () => {
    const given = filesIn("runtime/contract").flatMap(({ text }) => text.match(/(?<=["`])RC\d{3}(?=["` ])/g) ?? []);
    const told = [...text.matchAll(/^\| `(RC\d{3})` \|/gm)].map(([, code]) => code);
    expect(told).toEqual([...new Set(given)].toSorted());
  });

  it("tells the defaults of effects", () => {
    const { timeout, batch, concurrency, retry_policy: retry, circuit_breaker: breaker } = EFFECT_DEFAULTS;
    const { max_delay, ...plain } = retry;
    for (const [key, value] of Object.entries({ timeout, batch: batch.max, concurrency, ...plain, ...breaker }))
      expect(`${key} ${cellsOf(key)[1]}`).toBe(`${key} ${value}`);
    expect(cellsOf("max_delay")[1]).toMatch(new RegExp(`^${max_delay},`));
  });
});
