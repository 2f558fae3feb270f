import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

it("TypeScript is run as it is, without a call for the name of every closure", () => {
  const program = `
    const { defineProperty } = Object;
    let named = 0;
    Object.defineProperty = (target, key, about) => {
      if (key === "name" && new Error().stack.includes("/runtime/core/")) named++;
      return defineProperty(target, key, about);
    };
    const { partitionOf } = await import("./runtime/core/murmur2.ts");
    console.log(partitionOf("node", 4), named);`;
  const node = (...more: string[]): string =>
    execFileSync(process.execPath, [...more, "--input-type=module", "-e", program], { cwd: ROOT, encoding: "utf8" });
  const [partition, named] = node("--import", "./bench/typescript.mjs").trim().split(" ").map(Number);
  expect(partition).toBeLessThan(4);
  expect(named).toBe(0);
  // What the hook saves: once it saves nothing, it can go.
  expect(Number(node("--import", "tsx").trim().split(" ")[1])).toBeGreaterThan(0);
});
