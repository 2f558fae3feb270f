import { expect, it } from "vitest";
import { DOMAIN_WORDS, HEARTBEAT, wordsIn } from "../tidy/domain-words.ts";
import { filesIn } from "../tidy/sources.ts";

/** A module's own parts of the page. */
const OWN_PARTS = "dashboard/registration/";
/** Puts them in. */
const TABLE = "dashboard/domains/parts-by-module.ts";
const NODE_WORDS = [/\bnode_?ids?\b/gi, /\bNode[A-Z]\w*/g, HEARTBEAT];

const files = [".ts", ".tsx", ".css", ".html"]
  .flatMap((ending) => filesIn("dashboard", ending))
  .filter(({ path }) => !path.startsWith(OWN_PARTS));

it("the page knows a module by its own parts only, which are put in at one place", () => {
  const found = files.flatMap((file) => wordsIn(file, [...DOMAIN_WORDS, ...NODE_WORDS]));
  expect(found.filter((each) => !each.startsWith(`${TABLE}:`))).toEqual([]);
  expect(found.length, "the table names them").toBeGreaterThan(0);
});
