import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { yaml } from "./registration/fixtures/yaml.ts";
import { type Group, ITEMS } from "./registration/items.ts";
import { records } from "./registration/records.ts";

const here = new URL("./", import.meta.url);
/** Those that need more than a text have a test that begins with their name, or a row of such a test's table. */
const tests = readdirSync(here)
  .filter((name) => name.endsWith(".test.ts") && !name.startsWith("items."))
  .map((name) => readFileSync(new URL(name, here), "utf8"))
  .join("\n");
const isTested = (item: string): boolean =>
  tests.includes(`"${item}`) || (tests.includes(`sameId`) && item === "the same id with other content");

it.each(Object.keys(ITEMS) as Group[])("every item of the list has its fixture: %s", (group) => {
  const fixtures = new Set<string>([
    ...records.filter((fixture) => fixture.group === group).map(({ item }) => item),
    ...(group === "yaml" ? yaml.map(({ item }) => item) : []),
  ]);
  expect(ITEMS[group].filter((item) => !fixtures.has(item) && !isTested(item))).toEqual([]);
});
