import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CONFIG_SCHEMA } from "../../app/host/config.ts";
import { ROOT } from "./sources.ts";

const text = readFileSync(join(ROOT, "docs/reference/configuration.md"), "utf8");

/** The table of the reference, as the schema makes it. */
function variables(): string {
  const rows = Object.entries(CONFIG_SCHEMA.shape)
    .filter(([, field]) => field.description !== undefined)
    .map(([name, field]) => {
      const standard: unknown = field.safeParse(undefined).data;
      const shown = standard === undefined ? "" : standard === "" ? "(empty)" : `\`${String(standard)}\``;
      return `| \`${name}\` | ${shown} | ${field.description?.replaceAll("<", "\\<")} |`;
    });
  return ["| variable | default | meaning |", "| --- | --- | --- |", ...rows].join("\n");
}

describe("docs/reference/configuration.md", () => {
  it("has the table that app/host/config.ts makes", () => {
    const table = text.split("a test holds both equal -->\n\n")[1]?.split("\n\n")[0]?.trimEnd();
    expect(table).toBe(variables());
  });
});
