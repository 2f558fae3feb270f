import { basename } from "node:path";
import { expect, it } from "vitest";
import { filesIn } from "../tidy/sources.ts";

/** Loaded with the first page, and meant for all of them. */
const GLOBAL = "style.css";

const sheets = filesIn("dashboard", ".css").filter(({ path }) => basename(path) !== GLOBAL);

/** The selectors that are in no other rule; those within `@media` count too. */
function topSelectors(css: string): readonly string[] {
  const found: string[] = [];
  let open: string[] = [];
  for (const [, head = "", brace = ""] of css.replaceAll(/\/\*.*?\*\//gs, "").matchAll(/([^{};]*)([{};])/g)) {
    if (brace === "{") {
      if (open.every((outer) => outer.startsWith("@")) && !head.trim().startsWith("@"))
        found.push(...head.split(/,(?![^()]*\))/).map((selector) => selector.trim()));
      open = [...open, head.trim()];
    } else if (brace === "}") open = open.slice(0, -1);
  }
  return found;
}

it("each style sheet styles elements below one class of its own, because all of them stay loaded", () => {
  const owners = new Map<string, string>();
  for (const { path, text } of sheets) {
    const classes = new Set(topSelectors(text).map((selector) => /^\.[a-z-]+/.exec(selector)?.[0] ?? selector));
    expect([path, [...classes]], "one class").toEqual([path, [expect.stringMatching(/^\.[a-z-]+$/)]]);
    const [name = ""] = classes;
    expect(owners.get(name), `${name} is styled by ${path} and another sheet`).toBeUndefined();
    owners.set(name, path);
  }
  expect(owners.size).toBeGreaterThan(10);
});
