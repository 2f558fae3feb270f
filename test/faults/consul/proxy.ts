import { once } from "node:events";
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const MODES = ["down", "slow", "500", "429", "403", "rubbish", "huge"] as const;
type Mode = (typeof MODES)[number] | "well";

const SLOW_MS = 20_000;
const HUGE_BYTES = 30 * 1024 * 1024;

/** Consul with faults: it answers in the current mode until that is changed. */
export interface ConsulProxy {
  readonly address: string;
  be(mode: Mode): void;
  /** Requests that were answered in another mode than the healthy one. */
  readonly spoiled: number;
  close(): Promise<void>;
}

export async function startConsulProxy(target: string): Promise<ConsulProxy> {
  let mode: Mode = "well";
  let spoiled = 0;
  const server = createServer((incoming, answer) => {
    if (mode !== "well") spoiled++;
    switch (mode) {
      case "well":
        return forward(target, incoming, answer);
      case "down":
        return void incoming.socket.destroy();
      case "slow":
        return void setTimeout(() => forward(target, incoming, answer), SLOW_MS);
      case "rubbish":
        return void answer.writeHead(200, { "content-type": "application/json" }).end(`{"Results":[{"Node":7}],`);
      case "huge":
        return void answer
          .writeHead(200, { "content-type": "application/json" })
          .end(`{"Results":"${"x".repeat(HUGE_BYTES)}"}`);
      default:
        return void answer.writeHead(Number(mode)).end("rpc error: not today");
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    be: (next) => void (mode = next),
    get spoiled() {
      return spoiled;
    },
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function forward(target: string, incoming: IncomingMessage, answer: ServerResponse): void {
  const { method, headers, url = "/" } = incoming;
  const outgoing = request(new URL(url, target), { method, headers }, (response) => {
    answer.writeHead(response.statusCode ?? 502, response.headers);
    response.pipe(answer);
  });
  outgoing.on("error", () => answer.destroy());
  incoming.pipe(outgoing);
}
