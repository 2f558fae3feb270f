import type { Clock } from "../../runtime/ports/clock.ts";

/**
 * Calls that come while `ask` runs, or for some time after it, have its answer. A failure is not kept.
 * @param keptForMs how long the answer is kept, given how long `ask` took
 */
export function cachedAnswer<Answer>(
  clock: Pick<Clock, "monotonicMs">,
  keptForMs: (tookMs: number) => number,
  ask: () => Promise<Answer>,
): () => Promise<Answer> {
  let cached: { readonly answer: Promise<Answer>; untilMs: number } | undefined;
  return () => {
    const beganMs = clock.monotonicMs();
    if (cached && beganMs <= cached.untilMs) return cached.answer;
    const latest = { answer: ask(), untilMs: Infinity };
    cached = latest;
    latest.answer.then(
      () => {
        const endedMs = clock.monotonicMs();
        latest.untilMs = endedMs + keptForMs(endedMs - beganMs);
      },
      () => (cached = undefined),
    );
    return latest.answer;
  };
}
