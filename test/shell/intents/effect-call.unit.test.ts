import { describe, expect, it } from "vitest";
import type { EffectSpec } from "../../../runtime/core/domain.ts";
import { done } from "../../../runtime/core/effect.ts";
import { intent as defineIntent, type Intent } from "../../../runtime/core/intent.ts";
import { callEffect } from "../../../runtime/shell/intents/effect-call.ts";
import { ManualClock } from "../../manual-clock.ts";

describe("A call of an effect", () => {
  const called: string[][] = [];
  const spec = {
    backend: "box",
    timeoutMs: 1_000,
    effect: {
      intent: defineIntent("box.write", {}),
      faults: [],
      run: async (intents: readonly Intent[]) => {
        called.push(intents.map(({ id }) => id));
        return intents.map(() => done());
      },
    },
  } as unknown as EffectSpec;
  const intentOn = (id: string, target: string): Intent => ({ id, target }) as Intent;

  it("passes a batch with one intent for each target to the effect", async () => {
    const outcomes = await callEffect(new ManualClock(), spec, [intentOn("1", "a"), intentOn("2", "b")]);
    expect(outcomes).toEqual([{ done: true }, { done: true }]);
    expect(called.splice(0)).toEqual([["1", "2"]]);
  });

  it("does not run the effect when two intents have the same target", async () => {
    const outcomes = await callEffect(new ManualClock(), spec, [intentOn("1", "a"), intentOn("2", "a")]);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ done: false, fault: { code: "UNAVAILABLE" } });
    expect(called).toEqual([]);
  });
});
