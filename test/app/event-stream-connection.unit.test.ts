import type { ServerResponse } from "node:http";
import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { EventStreamConnection } from "../../app/http/events/event-stream-connection.ts";
import type { JournaledEvent } from "../../app/http/events/journal-events.ts";
import type { JournalTail, EventsListener } from "../../app/http/events/journal-tail.ts";
import type { Domain } from "../../runtime/core/domain.ts";
import { SystemClock } from "../../runtime/adapters/system-clock.ts";

const event = (seq: number, bytes: number): JournaledEvent => ({
  ...{ partition: 0, seq, at: new Date(0), type: "NodeUpdated", entity_id: "n1" },
  value: Buffer.from(JSON.stringify("x".repeat(bytes))),
});

/** A reader of one connection, and the tail that it follows. */
async function reading(write: (chunk: Buffer, done: () => void) => void) {
  const connection = new Writable({ write: (chunk: Buffer, _encoding, done) => write(chunk, done) });
  let tell: EventsListener = () => {};
  let followed = true;
  const tail = {
    position: async () => [0],
    follow: (_from: unknown, onEvents: EventsListener) => {
      tell = onEvents;
      return () => (followed = false);
    },
  } as unknown as JournalTail;
  const options = { filter: {}, from: [0], clock: new SystemClock() };
  const stream = new EventStreamConnection(connection as unknown as ServerResponse, options);
  await stream.run({ query: async () => [] }, { name: "toy" } as Domain, tail);
  return { connection, tell: (events: JournaledEvent[]) => tell(events), isFollowed: () => followed };
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
});
