import { describe, expect, it } from "vitest";
import { BatchingPublisher } from "../../app/http/events/batching-publisher.ts";
import { Problem } from "../../app/http/server/problem.ts";
import { watchIntentFailures } from "../../app/http/entities/read-explanation.ts";
import { SystemClock } from "../../runtime/adapters/system-clock.ts";
import type { EventBus, OutgoingMessage } from "../../runtime/ports/event-bus.ts";
import type { ShellEvent } from "../../runtime/shell/shell-event.ts";

const message = (bytes: number): OutgoingMessage => ({
  ...{ topic: "t", partition: 0, key: null, headers: {} },
  value: Buffer.alloc(bytes),
});

/** A bus whose calls the test answers. */
function busInHand() {
  const calls: { readonly messages: readonly OutgoingMessage[]; answer(error?: Error): void }[] = [];
  const publish: EventBus["publish"] = (messages) =>
    new Promise((resolve, reject) => {
      calls.push({
        messages,
        answer: (error) =>
          error
            ? reject(error)
            : resolve({ brokerTimeMs: 0, receivedAtMs: 0, offsets: () => messages.map((_, at) => at) }),
      });
    });
  return { bus: { publish } as EventBus, calls };
}

describe("publishing for many requests", () => {
  it("batches messages that arrive during a call into the next one, in order", async () => {
    const { bus, calls } = busInHand();
    const publisher = new BatchingPublisher(bus);
    const all = [1, 2, 3].map((bytes) => publisher.publish(message(bytes)));
    calls[0]?.answer();
    await all[0];
    await expect.poll(() => calls.length).toBe(2);
    calls[1]?.answer();
    await Promise.all(all);
    expect(calls.map(({ messages }) => messages.map(({ value }) => value?.length))).toEqual([[1], [2, 3]]);
  });

  it("limits the bytes of a batch", async () => {
    const { bus, calls } = busInHand();
    const publisher = new BatchingPublisher(bus);
    const all = Array.from({ length: 5 }, () => publisher.publish(message(200_000)));
    for (let call = 0; call < 3; call++) {
      await expect.poll(() => calls.length).toBeGreaterThan(call);
      calls[call]?.answer();
    }
    await Promise.all(all);
    expect(calls.map(({ messages }) => messages.length)).toEqual([1, 2, 2]);
  });

  it("rejects each request of a failed call, and continues", async () => {
    const { bus, calls } = busInHand();
    const publisher = new BatchingPublisher(bus);
    const failed = publisher.publish(message(1));
    calls[0]?.answer(new Error("down"));
    await expect(failed).rejects.toThrow("down");
    const next = publisher.publish(message(1));
    await expect.poll(() => calls.length).toBe(2);
    calls[1]?.answer();
    await next;
  });

  it("refuses messages beyond its bound", async () => {
    const { bus } = busInHand();
    const publisher = new BatchingPublisher(bus);
    const most = 200;
    const fill = () => Array.from({ length: most }, () => publisher.publish(message(256 * 1024)));
    expect(fill).toThrow(Problem);
  });
});

describe("recent failures of effects", () => {
  it("are listed until the type succeeds, or answers that it is not done yet", () => {
    let tell: (event: ShellEvent) => void = () => {};
    const watch = (listener: typeof tell) => ((tell = listener), () => {});
    const retries = watchIntentFailures({ watch, clock: new SystemClock() });
    const intent = (type: string, result: Extract<ShellEvent, { kind: "intent" }>["result"], code?: string) =>
      tell({ kind: "intent", type, backend: "b", result, ...(code !== undefined && { code }) });
    intent("shop.buy", "retried", "UNAVAILABLE");
    intent("shop.pay", "retried", "UNAVAILABLE");
    intent("shop.pay", "done");
    intent("shop.wrap", "retried", "UNAVAILABLE");
    intent("shop.wrap", "not_yet");
    intent("shop.send", "superseded_intent");
    expect(retries.describe(["shop.buy", "shop.buy", "shop.pay", "shop.wrap", "shop.send", "shop.else"])).toEqual([
      expect.stringMatching(/^shop\.buy is being retried, it failed with UNAVAILABLE \d+ ms ago$/),
    ]);
  });
});
