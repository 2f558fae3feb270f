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
  const faults = new Faults();
  const server = createServer({ noDelay: true }, (client) => connect(client, targetPort, faults));
  const port = await listen(server, listenPort);
  return {
    port,
    swallowNextReply: (which = () => true, reply = () => true) =>
      new Promise((resolve) => faults.swallows.push({ which, reply, done: resolve })),
    cut() {
      faults.isCut = true;
      faults.breakAll();
    },
    restore() {
      faults.isCut = false;
    },
    delay(ms) {
      faults.delayMs = ms;
    },
    hold: (direction) => faults.hold(direction),
    release: () => faults.release(),
    async close() {
      faults.release();
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      faults.breakAll();
      await closed;
    },
  };
}

/** What a test has asked the proxy to do wrong, and the connections that it concerns. */
class Faults {
  readonly pairs = new Set<readonly [Socket, Socket]>();
  readonly swallows: Swallow[] = [];
  isCut = false;
  delayMs = 0;
  readonly #held = new Map<Direction, { readonly until: Promise<void>; readonly end: () => void }>();

  breakAll(): void {
    for (const pair of this.pairs) for (const socket of pair) socket.destroy();
  }

  hold(direction: Direction): void {
    let end = (): void => {};
    const until = new Promise<void>((resolve) => (end = resolve));
    if (!this.#held.has(direction)) this.#held.set(direction, { until, end });
  }

  release(): void {
    for (const { end } of this.#held.values()) end();
    this.#held.clear();
  }

  async released(direction: Direction): Promise<void> {
    await this.#held.get(direction)?.until;
  }
}

function connect(client: Socket, targetPort: number, faults: Faults): void {
  if (faults.isCut) return void client.destroy();
  const target = createConnection({ host: "127.0.0.1", port: targetPort, noDelay: true });
  const pair = [client, target] as const;
  let swallow: Swallow | undefined;
  faults.pairs.add(pair);
  const breakBoth = (): void => pair.forEach((socket) => socket.destroy());
  for (const socket of pair) {
    socket.on("error", breakBoth);
    socket.on("close", () => void (client.destroyed && target.destroyed && faults.pairs.delete(pair)));
  }
  const onRequest = (request: Buffer): number => {
    const index = swallow === undefined ? faults.swallows.findIndex(({ which }) => which(request)) : -1;
    if (index >= 0) [swallow] = faults.swallows.splice(index, 1);
    return faults.delayMs;
  };
  const onReply = (reply: Buffer): number | undefined => {
    if (!swallow?.reply(reply)) return faults.delayMs;
    breakBoth();
    swallow.done();
    return undefined;
  };
  forward(client, target, onRequest, () => faults.released("to target"));
  forward(target, client, onReply, () => faults.released("to client"));
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
