import type { Command } from "commander";
import type { Explanation } from "../http/entities/explanation.ts";
import { callServer, withServerOptions, type ServerOptions } from "../terminal/server-client.ts";
import { print, replaceUnprintable, printJson } from "../terminal/output.ts";

export function addExplainCommands(program: Command): void {
  withServerOptions(program.command("explain"))
    .description(
      "why a node is in its state, what it is waiting for and what can change it; exits 1 for an unknown node",
    )
    .argument("<node-id>")
    .action(explain);
}

async function explain(nodeId: string, options: ServerOptions): Promise<void> {
  const path = `/api/v1/registrations/${encodeURIComponent(nodeId)}/explanation`;
  const explanation = await callServer<Explanation>(options, path);
  if (options.json) printJson(explanation);
  else print(replaceUnprintable(explanation.text));
  if (!explanation.known) process.exitCode = 1;
}
