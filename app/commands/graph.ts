import type { Command } from "commander";
import { renderGraph, GRAPH_FORMATS, type GraphFormat } from "../../runtime/contract/graph/graph.ts";
import { type FormatOptions, readFolder, withFolderArgument, withFormatOptions } from "../terminal/contract-folder.ts";
import { print } from "../terminal/output.ts";

export function addGraphCommand(program: Command): void {
  withFormatOptions(withFolderArgument(program.command("graph")), GRAPH_FORMATS)
    .description("draws the two state machines and the message flow from topics to effects")
    .action(printGraph);
}

function printGraph(dir: string, { format, json }: FormatOptions<GraphFormat>): void {
  const folder = readFolder(dir);
  if (folder) print(renderGraph(folder.model, json ? "json" : format).trimEnd());
}
