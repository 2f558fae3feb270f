import { join } from "node:path";
import { describe } from "vitest";
import { initializeStore } from "../initialized-store.ts";
import { threeDomains } from "./registration/three-domains.ts";

describe("a process with three domains, embedded", { timeout: 60_000 }, () =>
  threeDomains(async (folder) => {
    const data = join(folder, "data");
    await initializeStore(data);
    return { variables: { ROLLCALL_DATA_DIR: data }, close: async () => {} };
  }),
);
