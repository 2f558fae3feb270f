import { type Command, InvalidArgumentError } from "commander";
import { NodeRegistryClient } from "../../../../client/node-registry-client.ts";
import { clientToken } from "../../../host/config.ts";
import { interruption } from "../../../terminal/interrupt.ts";
import { print, replaceUnprintable } from "../../../terminal/output.ts";
import { RouterApp, serveRouter } from "../router.ts";
import { registryUrl } from "./registry-url.ts";

interface RouterOptions {
  readonly registryUrl: string;
  readonly host: string;
  readonly port: number;
}

export function addCommands(program: Command): void {
  program
    .command("router")
    .description("serves the nodes of a registry to those who look for one, also while the registry is away")
    .option("--registry-url <url>", "of the registry (or NODE_REGISTRY_URL)", registryUrl(process.env))
    .option("--host <address>", "where it listens", "127.0.0.1")
    .option("--port <port>", "where it listens; 0: any that is free", parsePort, 9_102)
    .action(route);
}

async function route({ registryUrl: url, host, port }: RouterOptions): Promise<void> {
  const token = clientToken(process.env);
  const client = new NodeRegistryClient(url, {
    ...(token !== undefined && { token }),
    onChange: ({ stale, why }) =>
      void process.stderr.write(
        stale
          ? `the registry does not answer, lists are the last ones: ${replaceUnprintable(String(why))}\n`
          : "fresh again\n",
      ),
  });
  const { server, url: own } = await serveRouter(new RouterApp(client), { host, port });
  print(`router at ${own}/nodes, registry at ${url}`);
  await interruption();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

function parsePort(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw new InvalidArgumentError("0 to 65535");
  return Number(text);
}
