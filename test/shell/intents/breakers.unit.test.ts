import { describe, expect, it } from "vitest";
import type { EffectSpec } from "../../../runtime/core/domain.ts";
import { Breakers } from "../../../runtime/shell/intents/breakers.ts";
import type { ShellEvent } from "../../../runtime/shell/shell-event.ts";
import { ManualClock } from "../../manual-clock.ts";

const spec = { backend: "module", breaker: { failureThreshold: 1, resetTimeoutMs: 5_000 } } as EffectSpec;

function world() {
  const told: ShellEvent[] = [];
  const clock = new ManualClock();
  const breakers = new Breakers(clock, (event) => void told.push(event), [spec]);
  return { breakers, clock, told, of: (key: string) => breakers.of(spec, `module/${key}`) };
}

describe("the breakers of a domain", () => {
  it("open for one value of a backend alone, and tell of how many they are open", () => {
    const { told, of } = world();
    of("one").recordFailure();
    of("two").recordFailure();
    expect(of("one").allowsCall()).toBe(false);
    expect(of("three").allowsCall()).toBe(true);
    expect(told).toEqual([
      { kind: "breaker", backend: "module", key: "module/one", open: true, openKeys: 1 },
      { kind: "breaker", backend: "module", key: "module/two", open: true, openKeys: 2 },
    ]);
  });

  it("tell which values are not called that something waits for, the one that fails longest first", () => {
    const { breakers, clock, of } = world();
    const open = (...waiting: string[]) => [...breakers.open(() => new Set(waiting.map((key) => `module/${key}`)))];
    of("two").recordSuccess();
    of("one").recordFailure("no route");
    clock.pass(1_000);
    of("two").recordFailure("no answer");
    expect(open("one", "two", "three")).toEqual([
      ["module", { keys: ["module/one", "module/two"], forMs: 1_000, lastError: "no route" }],
    ]);
    expect(open("two")).toEqual([["module", { keys: ["module/two"], forMs: 0, lastError: "no answer" }]]);
    expect(open("three")).toEqual([]);
    for (const key of ["one", "two"]) {
      clock.pass(5_000);
      of(key).allowsCall();
      of(key).recordSuccess();
    }
    expect(open("one", "two")).toEqual([]);
  });

  it("are of a thousand values: the one used least recently is forgotten, and told as closed", () => {
    const { told, of } = world();
    const forgotten = of("first");
    forgotten.recordFailure();
    of("second").recordFailure();
    for (let key = 0; key < 998; key++) of(`k${key}`);
    of("second");
    of("more");
    expect(told.slice(2)).toEqual([
      { kind: "breaker", backend: "module", key: "module/first", open: false, openKeys: 1 },
    ]);
    expect([of("first").allowsCall(), of("second").allowsCall()]).toEqual([true, false]);
    forgotten.recordFailure();
    expect(told).toHaveLength(3);
  });
});
