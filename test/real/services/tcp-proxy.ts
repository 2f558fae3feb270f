import { once } from "node:events";
import { createConnection, createServer, type AddressInfo, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export interface TcpProxy {
  readonly port: number;
  /**
   * Passes the next request on, drops the first bytes that come back and closes that connection: the target has done
   * the work and the client can't know.
   * @param which looks at a chunk as it comes from the client, to wait for one kind of request; the default takes any
   * @param reply looks at what comes back then, and lets pass what is not meant: where requests are not waited for
   * @returns resolves when a reply was dropped
   */
  swallowNextReply(which?: Looks, reply?: Looks): Promise<void>;
  /** Breaks all connections and every new one at once, until `restore`. */
  cut(): void;
  restore(): void;
  /** Every chunk in either direction arrives this much later, in order. 0 ends it. */
  delay(ms: number): void;
  /** What goes in this direction waits, on all connections and new ones, until `release`: a network cut one way. */
  hold(direction: Direction): void;
  release(): void;
  close(): Promise<void>;
}
type Looks = (chunk: Buffer) => boolean;
export type Direction = "to target" | "to client";

interface Swallow {
  readonly which: Looks;
  readonly reply: Looks;
  readonly done: () => void;
}

/**
 * Forwards a loopback port to another. The client's bytes are not looked into.
 * @param listenPort a free one by default; a port still in use is waited for, at most 30 s
 */
export async function startTcpProxy(targetPort: number, listenPort = 0): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const waiting: Swallow[] = [];
  let isCut = false;
  let delayMs = 0;
  const held = new Map<Direction, { readonly until: Promise<void>; readonly end: () => void }>();
  const gate = (direction: Direction) => async (): Promise<void> => held.get(direction)?.until;
  const release = (): void => {
    for (const { end } of held.values()) end();
    held.clear();
  };

  const server = createServer({ noDelay: true }, (client) => {
    if (isCut) return void client.destroy();
    const target = createConnection({ host: "127.0.0.1", port: targetPort, noDelay: true });
    const pair = [client, target] as const;
    let swallow: Swallow | undefined;
    pairs.add(pair);
    const breakBoth = (): void => pair.forEach((socket) => socket.destroy());
    for (const socket of pair) {
      socket.on("error", breakBoth);
      socket.on("close", () => void (client.destroyed && target.destroyed && pairs.delete(pair)));
    }
    forward(
      client,
      target,
      (request) => {
        const index = swallow === undefined ? waiting.findIndex(({ which }) => which(request)) : -1;
        if (index >= 0) [swallow] = waiting.splice(index, 1);
        return delayMs;
      },
      gate("to target"),
    );
    forward(
      target,
      client,
      (chunk) => {
        if (!swallow?.reply(chunk)) return delayMs;
        breakBoth();
        swallow.done();
        return undefined;
      },
      gate("to client"),
    );
  });

  const listening = await listen(server, listenPort);
  const breakAll = (): void => pairs.forEach((pair) => pair.forEach((socket) => socket.destroy()));
  return {
    port: listening,
    swallowNextReply: (which = () => true, reply = () => true) =>
      new Promise((resolve) => waiting.push({ which, reply, done: resolve })),
    cut() {
      isCut = true;
      breakAll();
    },
    restore() {
      isCut = false;
    },
    delay(ms) {
      delayMs = ms;
    },
    hold(direction) {
      let end = (): void => {};
      const until = new Promise<void>((resolve) => (end = resolve));
      if (!held.has(direction)) held.set(direction, { until, end });
    },
    release,
    async close() {
      release();
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      breakAll();
      await closed;
    },
  };
}

/**
 * @param onChunk tells how much later the chunk leaves; undefined drops it
 * @param gate is passed by each chunk, in order
 */
function forward(
  from: Socket,
  to: Socket,
  onChunk: (chunk: Buffer) => number | undefined,
  gate: () => Promise<void>,
): void {
  let inOrder = Promise.resolve();
  from.on("data", (chunk: Buffer) => {
    const laterMs = onChunk(chunk);
    if (laterMs === undefined) return;
    const dueAt = Date.now() + laterMs;
    inOrder = inOrder.then(async () => {
      const waitMs = dueAt - Date.now();
      if (waitMs > 0) await sleep(waitMs);
      await gate();
      if (to.destroyed || to.write(chunk)) return;
      from.pause();
      to.once("drain", () => from.resume());
    });
  });
  from.on("end", () => void inOrder.then(() => to.end()));
}

async function listen(server: ReturnType<typeof createServer>, port: number): Promise<number> {
  const deadlineAt = Date.now() + 30_000;
  for (;;) {
    try {
      server.listen(port, "127.0.0.1");
      await once(server, "listening");
      return (server.address() as AddressInfo).port;
    } catch (error) {
      const inUse = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
      if (!inUse || Date.now() > deadlineAt) throw error;
      await sleep(200);
    }
  }
}
