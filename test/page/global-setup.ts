import type { TestProject } from "vitest/node";
import { ServicesImpossible, chromium, requirePrograms } from "../real/services/programs.ts";
import { chromiumPath } from "./chromium.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Null: there is none, and none can be installed. */
    chromium: string | null;
  }
}

/** For vitest's `page` project: finds a browser, or installs one. */
export async function setup(project: TestProject): Promise<void> {
  try {
    await requirePrograms([chromium]);
    project.provide("chromium", chromiumPath() ?? null);
  } catch (error) {
    if (!(error instanceof ServicesImpossible)) throw error;
    console.error(`\n!!! The tests of the page are skipped: there is no browser.\n!!! ${error.message}\n`);
    project.provide("chromium", null);
  }
}
