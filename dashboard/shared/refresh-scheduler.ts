const GATHER_MS = 100;
/** After a run it rests so many times as long as that took: whoever answers has other things to do as well. */
const REST = 2;
const REST_MAX_MS = 4_000;

export interface Paced {
  /** Runs within a moment, once for all who ask meanwhile; never two at a time. */
  soon(): void;
  stop(): void;
}

export function paced(run: () => Promise<unknown>): Paced {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wanted = false;
  let running = false;
  let stopped = false;
  const begin = async (): Promise<void> => {
    timer = undefined;
    wanted = false;
    running = true;
    const beganMs = performance.now();
    await run().catch(() => {}); // told by whoever runs
    running = false;
    if (wanted) wait(Math.max(GATHER_MS, Math.min(REST_MAX_MS, REST * (performance.now() - beganMs))));
  };
  const wait = (delayMs: number): void => {
    if (!stopped) timer ??= setTimeout(() => void begin(), delayMs);
  };
  return {
    soon() {
      wanted = true;
      if (!running) wait(GATHER_MS);
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
