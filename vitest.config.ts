import { defineConfig } from "vitest/config";

/**
 * The cost of a test is in its file name: unit (no I/O), int (files, PGlite), real (Kafka, Postgres, Consul), outage (the
 * same, and it stops them: nothing else may run beside it), page (a browser that looks at a running system).
 */
const project = (name: string, more: object = {}) => ({
  test: { name, include: [`test/**/*.${name}.test.ts`], environment: "node", ...more },
});

const withServices = {
  testTimeout: 120_000,
  hookTimeout: 180_000,
  globalSetup: ["test/real/services/global-setup.ts"],
};

export default defineConfig({
  test: {
    // The real tests wait more than they compute; with more at once they would wait for each other.
    maxWorkers: 2,
    projects: [
      // They share what they import: loading it anew for each file would take longer than the tests.
      project("unit", { isolate: false }),
      project("int", { isolate: false, testTimeout: 60_000, hookTimeout: 60_000 }),
      project("real", withServices),
      project("page", {
        testTimeout: 120_000,
        hookTimeout: 120_000,
        globalSetup: ["test/page/global-setup.ts"],
      }),
      project("outage", { ...withServices, maxWorkers: 1, sequence: { groupOrder: 1 } }),
    ],
  },
});
