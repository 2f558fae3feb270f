import type { TestProject } from "vitest/node";
import { ServicesImpossible } from "./programs.ts";
import type { ServiceAddresses } from "./service-addresses.ts";
import { up, type RunningServices } from "./services.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Null: this machine can run neither Docker nor the plain processes. */
    services: ServiceAddresses | null;
  }
}

let running: RunningServices | undefined;

/** For vitest's `real` project. ROLLCALL_KEEP_SERVICES=1 leaves the services up for the next run. */
export async function setup(project: TestProject): Promise<void> {
  try {
    running = await up({ keep: process.env["ROLLCALL_KEEP_SERVICES"] === "1" });
    project.provide("services", running.addresses);
  } catch (error) {
    // A service that should run and does not is a failure; only a machine that can't run them is a reason to skip.
    if (!(error instanceof ServicesImpossible)) throw error;
    console.error(`\n!!! NO REAL TESTS: Kafka, Postgres and Consul can't run here.\n!!! ${error.message}\n`);
    project.provide("services", null);
  }
}

export async function teardown(): Promise<void> {
  await running?.release();
}
