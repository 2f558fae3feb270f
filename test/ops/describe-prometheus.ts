import { describe } from "vitest";
import { prometheus, requirePrograms, ServicesImpossible } from "../real/services/programs.ts";

const impossible = await requirePrograms([prometheus]).then(
  () => undefined,
  (error: unknown) => {
    if (error instanceof ServicesImpossible) return error.message;
    throw error;
  },
);
if (impossible !== undefined) console.error(`!!! SKIPPED: what Prometheus sees: ${impossible}`);

/** Tests that need a Prometheus: where there can be none, they are skipped, loudly. */
export const describePrometheus = describe.skipIf(impossible !== undefined);
