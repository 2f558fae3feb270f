import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "../tidy/sources.ts";

interface Locked {
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
}
const read = (name: string): unknown => JSON.parse(readFileSync(join(ROOT, name), "utf8"));
const { dependencies } = read("package.json") as { dependencies: Record<string, string> };
const { packages } = read("package-lock.json") as { packages: Record<string, Locked> };
// A link is a workspace of this repository, and has no registry.
const installed = Object.entries(packages).filter(([path, { link }]) => path.startsWith("node_modules/") && !link);

describe("the dependencies", () => {
  it("are at most 20, each of one version", () => {
    expect(Object.keys(dependencies).length).toBeLessThanOrEqual(20);
    for (const version of Object.values(dependencies)) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it("are installed without running their scripts", () =>
    expect(readFileSync(join(ROOT, ".npmrc"), "utf8")).toMatch(/^ignore-scripts=true$/m));

  it("each have an integrity hash in the lockfile, and no URL", () => {
    const without = installed.filter(([, { integrity }]) => integrity === undefined);
    expect(without.map(([path]) => path)).toEqual([]);
    expect(installed.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
  });
});
