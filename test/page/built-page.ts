import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { ROOT } from "../tidy/sources.ts";

/** The page as its sources are now. */
export const buildPage = (): void =>
  void execFileSync(process.execPath, [join(ROOT, "dashboard/build.mjs")], { stdio: "inherit" });
