const BATCH_DELAY_MS = 100;
/** The pause after a run, as a multiple of how long the run took: a slow server is asked less often. */
const IDLE_FACTOR = 2;
const IDLE_MAX_MS = 4_000;

export interface RefreshScheduler {
  /** Runs soon, once for all calls until then. Two runs never overlap. */
  schedule(): void;
  stop(): void;
}

export function refreshScheduler(run: () => Promise<unknown>): RefreshScheduler {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isRequested = false;
  let running = false;
  let stopped = false;
  const begin = async (): Promise<void> => {
    timer = undefined;
    isRequested = false;
    running = true;
    const beganMs = performance.now();
    await run().catch(() => {}); // `run` reports its own errors
    running = false;
    if (isRequested)
      startTimer(Math.max(BATCH_DELAY_MS, Math.min(IDLE_MAX_MS, IDLE_FACTOR * (performance.now() - beganMs))));
  };
  const startTimer = (delayMs: number): void => {
    if (!stopped) timer ??= setTimeout(() => void begin(), delayMs);
  };
  return {
    schedule() {
      isRequested = true;
      if (!running) startTimer(BATCH_DELAY_MS);
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
