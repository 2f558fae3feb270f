import { describe, inject, it } from "vitest";
import type { ServiceAddresses } from "./service-addresses.ts";

/** A suite against the real services. Without them it is skipped, with the reason. */
export function describeReal(name: string, suite: (services: ServiceAddresses) => void): void {
  const services = inject("services");
  if (services !== null) {
    describe(name, () => suite(services));
    return;
  }
  console.error(`!!! SKIPPED: ${name}: no Kafka, Postgres and Consul`);
  // The tests themselves can't even be listed: the suite needs addresses to be read.
  describe.skip(name, () => it("needs Kafka, Postgres and Consul", () => {}));
}
