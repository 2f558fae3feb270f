import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * Below the range from which the kernel takes the source ports of outgoing connections: a service that is stopped and
 * started again finds its port free.
 */
const lowestPort = 12_000;
const highestPort = 31_999;

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** One free loopback port per name, all different. */
export async function freePorts<Name extends string>(names: readonly Name[]): Promise<Record<Name, number>> {
  const taken = new Set<number>();
  while (taken.size < names.length) {
    const port = randomInt(lowestPort, highestPort);
    if (await isFree(port)) taken.add(port);
  }
  const ports = [...taken];
  return Object.fromEntries(names.map((name, index) => [name, ports[index]])) as Record<Name, number>;
}
