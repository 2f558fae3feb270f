import type { ServerResponse } from "node:http";
import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { EventStreamConnection } from "../../app/http/events/event-stream-connection.ts";
import type { JournalTail } from "../../app/http/events/journal-tail.ts";
import { GatewayStream } from "../../app/http/gateway/gateway-stream.ts";
import { SystemClock } from "../../runtime/adapters/system-clock.ts";
import type { Domain } from "../../runtime/core/domain.ts";
import type { Store } from "../../runtime/ports/store.ts";

/** As often a reader asks for a page before it has caught up. */
const PAGES = 3;
const DAY = "2026-03-28";

/** A connection, and the tail and the store of a domain of which a day is dropped behind the first page. */
function droppedMeanwhile() {
  let text = "";
  const connection = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  let tries = 0;
  const tail = {
    position: async () => [5],
    follow: () => (++tries > PAGES ? () => {} : undefined),
  } as unknown as JournalTail;
  const store = {
    query: async (sql: string) =>
      sql.includes("bool_or") ? [{ at: new Date(`${DAY}T00:00:00Z`), dropped: true }] : [],
  } as unknown as Store;
  const response = connection as unknown as ServerResponse;
  return { connection, response, tail, store, text: () => text, first: { events: [], position: [0] } };
}

describe("a day that is dropped while a reader catches up", () => {
  it("is told once, at a gateway", async () => {
    const { connection, response, tail, store, text, first } = droppedMeanwhile();
    const system = { store, name: "toy" };
    const stream = new GatewayStream(response, {
      domains: [{ system, tail, first, from: [0], gapUntil: undefined }],
      wanted: {},
      matches: () => true,
      whyItEnds: () => undefined,
      clock: new SystemClock(),
      bufferBytesMax: 1_000_000,
    });
    await stream.run();
    expect(text().match(/^event: gap\ndata: .*$/gm)).toEqual([`event: gap\ndata: {"domain":"toy","until":"${DAY}"}`]);
    connection.destroy();
  });

  it("ends a stream that tells what there is, to which its reader comes back", async () => {
    const { connection, response, tail, store, text, first } = droppedMeanwhile();
    const stream = new GatewayStream(response, {
      domains: [{ system: { store, name: "toy" }, tail, first, from: [0], gapUntil: undefined }],
      ...{ wanted: {}, matches: () => true, whyItEnds: () => undefined, beginsAnew: true },
      ...{ clock: new SystemClock(), bufferBytesMax: 1_000_000 },
    });
    void stream.run();
    await expect.poll(text).toMatch(/event: gap\n[^]*id: snapshot\nevent: end\ndata: \{"code":"GAP"/);
    connection.destroy();
  });

  it("ends the host's stream, whose reader is told when it comes back", async () => {
    const run = (toldDay?: string) => {
      const { connection, response, tail, store, first } = droppedMeanwhile();
      const stream = new EventStreamConnection(response, { filter: {}, from: [0], clock: new SystemClock(), toldDay });
      return stream.run(store, { name: "toy" } as Domain, tail, first).finally(() => connection.destroy());
    };
    await expect(run()).rejects.toThrow(`the journal of toy begins on ${DAY}`);
    await run(DAY);
  });
});
