import { setTimeout as sleep } from "node:timers/promises";

export interface WaitOptions {
  readonly what: string;
  readonly timeoutMs: number;
  /** Ends the wait early with a reason, such as the last output of a process that died. */
  readonly hopeless?: () => string | undefined;
}

/** Tries until it does not throw. The error at the end names what was waited for and why the last try failed. */
export async function waitUntil<T>(attempt: () => Promise<T>, { what, timeoutMs, hopeless }: WaitOptions): Promise<T> {
  const deadlineAt = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (cause) {
      const reason =
        hopeless?.() ?? (Date.now() > deadlineAt ? `not within ${timeoutMs} ms: ${String(cause)}` : undefined);
      if (reason !== undefined) throw new Error(`${what} does not answer: ${reason}`, { cause });
    }
    await sleep(100);
  }
}
