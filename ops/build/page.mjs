import { join } from "node:path";
import { build } from "vite";
import { ROOT } from "./places.mjs";

export const buildPage = () => build({ configFile: join(ROOT, "dashboard/vite.config.ts"), logLevel: "warn" });
