import { afterAll, beforeAll, expect, it } from "vitest";
import { JournalTail } from "../../app/http/events/journal-tail.ts";
import { readJournalEnds } from "../../runtime/stored/event-pages.ts";
import { ManualClock } from "../manual-clock.ts";
import { wrapped } from "../wrapped.ts";
import { HttpBench, lasting } from "./registration/http-bench.ts";

const POLL_MS = 250;
const GATHER_MS = 10;
const PATIENCE = { timeout: 30_000 };

let bench: HttpBench;
beforeAll(async () => void (bench = await HttpBench.open(lasting)));
afterAll(() => bench.close());

it("the tail passes on events committed during a read, without waiting for its next poll", async () => {
  const { system } = bench;
  const clock = new ManualClock();
  const told: string[] = [];
  let release = (): void => {};
  let held: Promise<void> | undefined;
  const store = wrapped(system.store, {
    // The answer is older than what is committed until it is returned.
    query: async (text, values) => {
      const rows = await system.store.query(text, values);
      await held;
      return rows as never;
    },
  });
  const tail = new JournalTail({ ...system, store, clock });
  tail.follow(await readJournalEnds(system.store, system.domain.name), {
    onEvents: (events) => void told.push(...events.map(({ type }) => type)),
    onDamage: () => void told.push("damage"),
  });
  held = new Promise((resolve) => (release = resolve));
  await clock.advance(POLL_MS);
  await bench.publish("NodeIntrospectionEvent", { node_id: "meanwhile", node_type: "effect" });
  await bench.until("meanwhile", "AWAITING_ACK");
  held = undefined;
  release();
  // Its next poll would be a whole period later.
  const untilMs = clock.monotonicMs() + POLL_MS / 2;
  const soon = async (): Promise<readonly string[]> => {
    if (clock.monotonicMs() < untilMs) await clock.advance(GATHER_MS);
    return told;
  };
  await expect.poll(soon, PATIENCE).toEqual(["NodeRegistrationInitiated", "NodeRegistrationAccepted"]);
  tail.close();
});

it("the tail passes on events to who follows after all others have left", async () => {
  const { system } = bench;
  const clock = new ManualClock();
  const tail = new JournalTail({ ...system, clock });
  const told: string[] = [];
  const follow = async () =>
    tail.follow(await readJournalEnds(system.store, system.domain.name), {
      onEvents: (events) => void told.push(...events.map(({ entity_id: id }) => id)),
      onDamage: () => {},
    });
  const leave = await follow();
  await clock.advance(POLL_MS);
  leave?.();
  await clock.advance(POLL_MS);
  await follow();
  await clock.advance(POLL_MS);
  await bench.publish("NodeIntrospectionEvent", { node_id: "afterwards", node_type: "effect" });
  await bench.until("afterwards", "AWAITING_ACK");
  const soon = async (): Promise<readonly string[]> => {
    await clock.advance(GATHER_MS);
    return told;
  };
  await expect.poll(soon, PATIENCE).toEqual(["afterwards", "afterwards"]);
  tail.close();
});
