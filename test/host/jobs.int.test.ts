import { join } from "node:path";
import { describe } from "vitest";
import { initializeStore } from "../initialized-store.ts";
import { testJobs } from "./jobs-on-one-store.ts";

describe("jobs of the embedded system", () =>
  testJobs(async (folder) => {
    const directory = join(folder, "data");
    await initializeStore(directory);
    return { ROLLCALL_DATA_DIR: directory };
  }));
