import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ROOT } from "./sources.ts";

const text = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const { license, workspaces = [] } = JSON.parse(text("package.json")) as { license: string; workspaces?: string[] };

it("whoever gets a package gets its licence: npm packs no file from outside of a folder", () => {
  expect(license).toBe("Apache-2.0");
  expect(text("LICENSE")).toMatch(/^\s+Apache License\n\s+Version 2\.0, January 2004\n/);
  for (const folder of new Set(["client", ...workspaces])) expect(text(join(folder, "LICENSE"))).toBe(text("LICENSE"));
  for (const folder of workspaces)
    expect(JSON.parse(text(join(folder, "package.json")))).toMatchObject({ license: "Apache-2.0" });
});
