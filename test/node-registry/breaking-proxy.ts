import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream";

/** A proxy as it stands before servers: it speaks with both sides itself, and what breaks off behind it breaks off. */
export async function breakingProxy(target: string): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer((incoming, outgoing) => {
    const { method, url = "", headers } = incoming;
    const passed = request(new URL(url, target), { method, headers: { ...headers, connection: "close" } }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      // It ends both sides, the client's without an end, when the answer is aborted.
      pipeline(answer, outgoing, () => {});
    });
    passed.on("error", () => outgoing.destroy());
    pipeline(incoming, passed, () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
