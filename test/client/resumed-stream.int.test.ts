import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { EventStream } from "../../client/event-stream.ts";

type Answer = (response: ServerResponse) => void;
interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

let server: Server;
let stream: EventStream | undefined;
afterEach(() => {
  stream?.close();
  server.closeAllConnections();
  server.close();
});

/** Answers the nth connection as the nth of these says, all later ones as the last. */
async function open(...answers: readonly (Answer | Refusal)[]) {
  const cursors: (string | undefined)[] = [];
  const atMs: number[] = [];
  server = createServer(({ headers }, response) => {
    const cursor = headers["last-event-id"];
    cursors.push(cursor === undefined ? undefined : String(cursor));
    atMs.push(performance.now());
    const answer = answers[cursors.length - 1] ?? answers.at(-1);
    const { status, headers: more } = typeof answer === "object" ? answer : { status: 200, headers: {} };
    response.writeHead(status, { "content-type": "text/event-stream", ...more });
    response.flushHeaders();
    if (typeof answer === "object" && status !== 200) response.end();
    else if (typeof answer === "function") answer(response);
    else response.write(event(cursors.length));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const told: string[] = [];
  const state = { isOpen: false };
  const said: string[] = [];
  const log = (_level: string, text: string): void => void said.push(text);
  stream = new EventStream({ url, path: "/events", log, onEnvelope: (json) => void told.push(json) });
  const opened = stream.open().then(() => void (state.isOpen = true));
  return { cursors, atMs, said, told, state, opened };
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

it("comes back as late as the server asks", async () => {
  const busy = { status: 503, headers: { "retry-after": "1" } };
  const { atMs, opened } = await open(busy, (response) => response.write(event(1)));
  await opened;
  expect((atMs[1] ?? 0) - (atMs[0] ?? 0)).toBeGreaterThanOrEqual(990);
});

it("comes back later each time to a server that only begins", async () => {
  const begin: Answer = (response) => response.write("id: 1\n: start\n\n", () => response.destroy());
  const { atMs, told } = await open(begin, begin, begin, begin, (response) => response.write(event(2)));
  await expect.poll(() => told).toEqual(["2"]);
  const waits = atMs.slice(1).map((at, nth) => at - (atMs[nth] ?? 0));
  for (const [nth, least] of [70, 145, 295, 595].entries()) expect(waits[nth]).toBeGreaterThanOrEqual(least);
});

it("says that events were dropped before it could read them", async () => {
  const { said, told } = await open({ status: 200, headers: { "rollcall-journal-begins": "2026-03-28" } });
  await expect.poll(() => told).toEqual(["1"]);
  expect(said).toEqual([expect.stringContaining("the journal begins on 2026-03-28")]);
});
