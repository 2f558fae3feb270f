import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { EventStream } from "../../client/event-stream.ts";

type Answer = (response: ServerResponse) => void;

let server: Server;
let stream: EventStream | undefined;
afterEach(() => {
  stream?.close();
  server.closeAllConnections();
  server.close();
});

/** Answers the nth connection as the nth of these says, all later ones as the last. */
async function open(...answers: readonly Answer[]) {
  const cursors: (string | undefined)[] = [];
  server = createServer(({ headers }, response) => {
    const cursor = headers["last-event-id"];
    cursors.push(cursor === undefined ? undefined : String(cursor));
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.flushHeaders();
    (answers[cursors.length - 1] ?? answers.at(-1))?.(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const told: string[] = [];
  const state = { isOpen: false };
  stream = new EventStream({ url, path: "/events", log: () => {}, onEnvelope: (json) => void told.push(json) });
  const opened = stream.open().then(() => void (state.isOpen = true));
  return { cursors, told, state, opened };
}

const cut: Answer = (response) => void setImmediate(() => response.destroy());
const event = (id: number): string => `id: ${id}\ndata: ${id}\n\n`;

it("goes on behind the last event, also after connections that broke before anything came", async () => {
  const { cursors, told, opened } = await open(
    (response) => response.write(`id: 0\n: start\n\n${event(1)}id: 2\ndata: half`, () => response.destroy()),
    ...Array.from({ length: 4 }, () => cut),
    (response) => response.write(event(2)),
  );
  await opened;
  await expect.poll(() => told).toEqual(["1", "2"]);
  expect(cursors).toEqual([undefined, "1", "1", "1", "1", "1"]);
});

it("is open when it knows where to go on, and not before", async () => {
  let finish = (): void => {};
  const { cursors, told, state, opened } = await open(
    cut,
    cut,
    (response) => (finish = () => response.write("id: 7\n: start\n\n", () => response.destroy())),
    (response) => response.write(event(8)),
  );
  await expect.poll(() => cursors.length).toBe(3);
  expect(state.isOpen).toBe(false);
  finish();
  await opened;
  await expect.poll(() => told).toEqual(["8"]);
  expect(cursors).toEqual([undefined, undefined, undefined, "7"]);
});
