import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const BUILD = fileURLToPath(new URL("../ops/build/build.mjs", import.meta.url));

/** For vitest, before tests that run the program or look at the page: both as the sources are now. */
export const setup = (): void => void execFileSync(process.execPath, [BUILD], { stdio: "inherit" });
