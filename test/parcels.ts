import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { transformSync } from "esbuild";
import { ROOT } from "./tidy/sources.ts";

const PARCELS = join(ROOT, "examples/parcels");

/** Makes of a folder what it is for someone who has built the example beside an installed package. */
export function installParcels(folder: string): string {
  cpSync(PARCELS, folder, { recursive: true });
  rmSync(join(folder, "node_modules"), { recursive: true, force: true });
  mkdirSync(join(folder, "dist"), { recursive: true });
  for (const file of readdirSync(PARCELS).filter((name) => name.endsWith(".ts"))) {
    const { code } = transformSync(readFileSync(join(PARCELS, file), "utf8"), { loader: "ts", format: "esm" });
    writeFileSync(join(folder, "dist", basename(file, ".ts") + ".js"), code);
  }
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(ROOT, join(folder, "node_modules/rollcall"));
  return join(folder, "dist/module.js");
}
