import { createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import type { AddressInfo } from "node:net";

/** Listens on an address that nothing should connect to, and counts connections. */
export class CanaryServer {
  readonly #server: Server;
  /** The first bytes of each connection. */
  readonly calls: string[] = [];

  private constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket: Socket) => {
      const call = this.calls.push("connected") - 1;
      socket.on("data", (data) => (this.calls[call] += data.toString("latin1").slice(0, 200)));
      socket.on("error", () => {});
    });
  }

  static async open(): Promise<CanaryServer> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new CanaryServer(server);
  }

  get authority(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
  }
}
