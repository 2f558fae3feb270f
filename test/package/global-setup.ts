import type { TestProject } from "vitest/node";
import { installPackages, removePackages } from "./packages.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Where both packages are installed. */
    packages: string;
  }
}

let folder: string | undefined;

/** For vitest's `package` project: what is packed is installed once, and each file has folders of its own there. */
export async function setup(project: TestProject): Promise<void> {
  folder = await installPackages();
  project.provide("packages", folder);
}

export async function teardown(): Promise<void> {
  if (folder !== undefined) await removePackages(folder);
}
