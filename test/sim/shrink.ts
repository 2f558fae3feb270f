import { simulate, type SimulationOptions, type SimulationResult } from "./simulation.ts";

/** Tries at most; each is a whole simulation. */
const TRIES_MAX = 250;

/**
 * Leaves out steps for as long as the same promise is still broken: halves first, single steps last (delta debugging).
 * @returns the smallest history found, with its log
 */
export async function shrink(
  failed: SimulationResult,
  { domain, defect }: Pick<SimulationOptions, "domain" | "defect">,
): Promise<{ readonly result: SimulationResult; readonly kept: readonly number[] }> {
  const { seed } = failed;
  const steps = failed.step + 1;
  const promise = failed.violation?.promise;
  const run = (kept: readonly number[], keepsTranscript: boolean): Promise<SimulationResult> => {
    const wanted = new Set(kept);
    const without = new Set(Array.from({ length: steps }, (_, step) => step).filter((step) => !wanted.has(step)));
    return simulate({ domain, seed, steps, without, keepsTranscript, ...(defect && { defect }) });
  };
  let kept: readonly number[] = Array.from({ length: steps }, (_, step) => step);
  let tries = 0;
  for (
    let size = Math.ceil(kept.length / 2);
    size >= 1 && tries < TRIES_MAX;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let at = 0; at < kept.length && tries < TRIES_MAX;) {
      const less = [...kept.slice(0, at), ...kept.slice(at + size)];
      tries++;
      const { violation } = await run(less, false);
      if (violation?.promise === promise) kept = less;
      else at += size;
    }
  }
  return { result: await run(kept, true), kept };
}
