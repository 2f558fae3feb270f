import type { ServerResponse } from "node:http";
import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { EventStreamConnection } from "../../app/http/events/event-stream-connection.ts";
import type { Follower, JournalTail } from "../../app/http/events/journal-tail.ts";
import type { Domain } from "../../runtime/core/domain.ts";
import { SystemClock } from "../../runtime/adapters/system-clock.ts";
import type { JournaledEvent } from "../../runtime/stored/event-pages.ts";

const event = (seq: number, bytes: number): JournaledEvent => ({
  ...{ partition: 0, seq, type: "NodeUpdated", entity_id: "n1", value: JSON.stringify("x".repeat(bytes)) },
});

const PAGES = 20;

/** A reader of one connection, and the tail that it follows. */
async function reading(write: (chunk: Buffer, done: () => void) => void) {
  const connection = new Writable({ write: (chunk: Buffer, _encoding, done) => write(chunk, done) });
  let follower: Follower | undefined;
  let followed = true;
  const tail = {
    position: async () => [0],
    follow: (_from: unknown, given: Follower) => {
      follower = given;
      return () => (followed = false);
    },
  } as unknown as JournalTail;
  const options = { filter: {}, from: [0], clock: new SystemClock() };
  const stream = new EventStreamConnection(connection as unknown as ServerResponse, options);
  const nothing = { events: [], position: [0] };
  await stream.run({ query: async () => [] }, { name: "toy" } as Domain, tail, nothing);
  const tell = (events: JournaledEvent[]): void => follower?.onEvents(events);
  return { connection, tell, damage: () => follower?.onDamage(), isFollowed: () => followed };
}

describe("a reader of the stream", () => {
  it("that never reads is disconnected before it uses much memory", async () => {
    const { connection, tell, isFollowed } = await reading(() => {});
    for (let seq = 1; seq <= 200 && !connection.destroyed; seq++) tell([event(seq, 10_000)]);
    expect(connection.writableLength).toBeLessThan(1_100_000);
    expect(connection.destroyed).toBe(true);
    await expect.poll(isFollowed).toBe(false);
  });

  it("that reads gets each event once, with an id to continue from", async () => {
    let text = "";
    const { connection, tell } = await reading((chunk, done) => {
      text += chunk.toString();
      done();
    });
    tell([event(1, 10), event(2, 10)]);
    tell([event(2, 10), event(3, 10)]);
    expect(text.match(/^id: .*$/gm)).toEqual(["id: AA", "id: AQ", "id: Ag", "id: Aw"]);
    expect(text.match(/^event: NodeUpdated$/gm)).toHaveLength(3);
    connection.destroy();
  });

  it("is disconnected when the next events can't be read", async () => {
    const { connection, damage, isFollowed } = await reading((_chunk, done) => done());
    damage();
    expect(connection.destroyed).toBe(true);
    await expect.poll(isFollowed).toBe(false);
  });

  it("leaves no listener behind with each page that it waits for", async () => {
    const connection = new Writable({ highWaterMark: 1, write: (_chunk, _encoding, done) => void setImmediate(done) });
    const counts: number[] = [];
    const count = (): number => connection.eventNames().reduce((sum, name) => sum + connection.listenerCount(name), 0);
    const tail = {
      position: async () => [1],
      // It can follow only after many pages, each of which fills the connection.
      follow: (_from: unknown, { onEvents }: Follower) => {
        onEvents([event(1 + counts.push(count()), 10)]);
        return counts.length < PAGES ? undefined : () => {};
      },
    } as unknown as JournalTail;
    const options = { filter: {}, from: [0], clock: new SystemClock() };
    const stream = new EventStreamConnection(connection as unknown as ServerResponse, options);
    const first = { events: [event(1, 10)], position: [1] };
    await stream.run({ query: async () => [] }, { name: "toy" } as Domain, tail, first);
    expect(counts).toEqual(Array.from({ length: PAGES }, () => counts[0]));
    expect(count()).toBe((counts[0] ?? 0) + 1);
    connection.destroy();
  });
});
