/** The wait after so many failures in a row: doubled each time, bounded, and random so that many nodes spread out. */
export const backOffMs = (failures: number, firstMs: number, maxMs: number, random: () => number = Math.random) =>
  Math.min(firstMs * 2 ** Math.max(0, failures - 1), maxMs) * (0.75 + random() / 2);

/** Waits. Resolves early, without an error, when the signal is aborted. */
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
