import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// A broker lives for minutes here: the best machine code for it would be compiled for nobody. Half of its CPU time was
// that.
process.env["JAVA_TOOL_OPTIONS"] ??= "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC";

/**
 * The cost of a test is in its file name: unit (no I/O), int (files, PGlite), real (Kafka, Postgres, Consul), outage
 * (the same, and it stops them: nothing else may run beside it), page (a browser that looks at a running system),
 * package (what npm packs, installed).
 */
const project = (name: string, more: object = {}) => ({
  // The examples import the package by its name.
  resolve: { alias: [{ find: /^rollcall$/, replacement: fileURLToPath(new URL("app/index.ts", import.meta.url)) }] },
  test: {
    name,
    include: [`test/**/*.${name}.test.ts`],
    environment: "node",
    // Loading what a file imports anew would take longer than most files' tests: nothing that a test leaves may matter.
    isolate: false,
    // Nothing is judged by its time: a machine with much else to do takes a while.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
    ...more,
  },
});

const BUILT = "test/built-program.ts";
const withServices = {
  testTimeout: 120_000,
  hookTimeout: 180_000,
  globalSetup: [BUILT, "test/real/services/global-setup.ts"],
};

export default defineConfig({
  test: {
    // Many tests wait more than they compute.
    maxWorkers: 3,
    projects: [
      project("unit"),
      project("int", { globalSetup: [BUILT] }),
      project("package", {
        ...withServices,
        globalSetup: [...withServices.globalSetup, "test/package/global-setup.ts"],
      }),
      project("real", withServices),
      project("page", {
        testTimeout: 120_000,
        hookTimeout: 120_000,
        globalSetup: [BUILT, "test/page/global-setup.ts"],
      }),
      project("outage", { ...withServices, maxWorkers: 1, sequence: { groupOrder: 1 } }),
    ],
  },
});
