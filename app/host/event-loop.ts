const LOOK_MS = 500;
const BLOCKED_MS = 1_000;

/** Calls back when the process has done nothing else for longer than a second: what it does is done by one thread. */
export function watchEventLoop(onBlocked: (blockedMs: number) => void): { stop(): void } {
  let dueAtMs = performance.now() + LOOK_MS;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    const lateMs = Math.round(nowMs - dueAtMs);
    dueAtMs = nowMs + LOOK_MS;
    if (lateMs >= BLOCKED_MS) onBlocked(lateMs);
  }, LOOK_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

export const blockedText = (blockedMs: number): string =>
  `the event loop was blocked for ${(blockedMs / 1_000).toFixed(1)} s, so every domain waited: a module's code ` +
  "computes for long, or the machine is busy; --only DOMAINS gives a module a process of its own";
