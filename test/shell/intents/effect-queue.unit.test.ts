import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EffectSpec } from "../../../runtime/core/domain.ts";
import { EffectQueue } from "../../../runtime/shell/intents/effect-queue.ts";

const queueOf = (concurrency: number, batchMax: number): EffectQueue<number> =>
  new EffectQueue({ concurrency, batchMax } as EffectSpec);

/** A number is the key of an intent that comes, "take" a call that may begin, "finish" the end of the oldest. */
const step = fc.oneof(fc.nat({ max: 5 }), fc.constantFrom("take" as const, "finish" as const));

describe("the queue of an effect", () => {
  it("gives each intent once, in its key's order, within what each key may have at a time", () => {
    fc.assert(
      fc.property(fc.array(step), fc.integer({ min: 1, max: 3 }), (steps, concurrency) => {
        const queue = queueOf(concurrency, 2);
        const waiting = new Map<string, number[]>();
        const running: string[] = [];
        let id = 0;
        for (const each of steps) {
          if (typeof each === "number") {
            const key = `k${each}`;
            queue.push(key, ++id);
            waiting.set(key, [...(waiting.get(key) ?? []), id]);
          } else if (each === "finish") {
            const key = running.shift();
            if (key !== undefined) queue.finish(key);
          } else {
            const mayRun = (key: string): boolean => running.filter((other) => other === key).length < concurrency;
            const next = queue.take();
            expect(next !== undefined).toBe([...waiting].some(([key, ids]) => ids.length > 0 && mayRun(key)));
            if (!next) continue;
            expect(mayRun(next.key)).toBe(true);
            expect(next.batch).toEqual(waiting.get(next.key)?.splice(0, 2));
            running.push(next.key);
          }
          expect(queue.callsInFlight).toBe(running.length);
        }
      }),
    );
  });

  it("lets keys take turns", () => {
    const queue = queueOf(10, 1);
    for (const key of ["a", "a", "a", "b", "c"]) queue.push(key, 1);
    expect(Array.from({ length: 5 }, () => queue.take()?.key)).toEqual(["a", "b", "c", "a", "a"]);
  });

  it("has no more than 256 calls at a time over all keys", () => {
    const queue = queueOf(1, 1);
    for (let key = 0; key < 300; key++) queue.push(`k${key}`, key);
    let calls = 0;
    while (queue.take()) calls++;
    expect(calls).toBe(256);
    queue.finish("k0");
    expect(queue.take()?.key).toBe("k256");
  });
});
