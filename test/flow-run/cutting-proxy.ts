import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * A proxy that cuts every stream of events in the middle of its second event, and once drops the answer to a request
 * that the server has carried out.
 */
export async function cuttingProxy(target: string) {
  const cursors: (string | undefined)[] = [];
  let dropped = 0;
  const server = createServer((incoming, outgoing) => {
    const { method, url = "", headers } = incoming;
    const passed = request(new URL(url, target), { method, headers }, (answer) => {
      if (method === "POST" && dropped++ === 0) return void answer.resume().on("end", () => outgoing.destroy());
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      if (!url.includes("/stream")) return void answer.pipe(outgoing);
      cursors.push(headers["last-event-id"] as string | undefined);
      let text = "";
      answer
        .on("error", () => {})
        .on("data", (part: Buffer) => {
          const before = text.length;
          text += part.toString();
          const second = text.indexOf("event: Run", text.indexOf("event: Run") + 1);
          if (second < 0) return void outgoing.write(part);
          outgoing.write(text.slice(before, second + 60), () => outgoing.destroy());
          passed.destroy();
        });
    });
    passed.on("error", () => outgoing.destroy());
    incoming.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** What each connection for a stream has asked to go on behind. */
    cursors,
    async close(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
