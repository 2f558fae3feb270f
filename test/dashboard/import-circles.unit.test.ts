import { expect, it } from "vitest";
import { filesIn, importsOf } from "../tidy/sources.ts";

it("the files of the page import each other in one direction, types included", () => {
  const files = [...filesIn("dashboard"), ...filesIn("dashboard", ".tsx")];
  const imports = new Map(files.map((file) => [file.path, importsOf(file)]));
  const done = new Set<string>();
  const circles: string[] = [];
  const follow = (path: string, way: readonly string[]): void => {
    if (way.includes(path)) circles.push([...way.slice(way.indexOf(path)), path].join(" -> "));
    if (done.has(path) || way.includes(path)) return;
    for (const next of imports.get(path) ?? []) follow(next, [...way, path]);
    done.add(path);
  };
  for (const path of imports.keys()) follow(path, []);
  expect(imports.get("dashboard/app.tsx")).toContain("dashboard/shared/router.tsx");
  expect(circles).toEqual([]);
});
