/** How long to wait after so many failures in a row: doubles, is bounded, and differs so that a fleet spreads out. */
export const backOffMs = (failures: number, firstMs: number, maxMs: number, random: () => number = Math.random) =>
  Math.min(firstMs * 2 ** Math.max(0, failures - 1), maxMs) * (0.75 + random() / 2);

/** Resolves early, without an error, when the signal says so. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done);
  });
}
