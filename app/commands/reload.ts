import type { Command } from "commander";
import { callServer, withServerOptions, type ServerOptions } from "../terminal/server-client.ts";
import { print, printJson } from "../terminal/output.ts";

export function addReloadCommand(program: Command): void {
  withServerOptions(program.command("reload"))
    .description(
      "puts the contracts of the server's folder in force, for every process, or changes nothing and says why; " +
        "as SIGHUP does",
    )
    .action(reload);
}

async function reload(options: ServerOptions): Promise<void> {
  const answer = await callServer<{ hash: string; changed: boolean }>(options, "/api/v1/contracts/reload", {
    method: "POST",
  });
  if (options.json) return printJson(answer);
  const hash = answer.hash.slice(0, 12);
  print(
    answer.changed
      ? `the contracts ${hash} are in force`
      : `nothing changed: the contracts ${hash} are in force already`,
  );
}
