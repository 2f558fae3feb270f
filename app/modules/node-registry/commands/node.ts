import type { Command } from "commander";
import { reasonOf, requestJson } from "../../../../client/json-request.ts";
import { pause } from "../../../../client/back-off.ts";
import { derivedNodeId } from "../../../../contracts/node-registry/messages/commands.ts";
import { clientToken } from "../../../host/config.ts";
import { print, replaceUnprintable } from "../../../terminal/output.ts";
import { interruption } from "../../../terminal/interrupt.ts";
import { parseNumberUpTo } from "../../../terminal/option-values.ts";
import { type AgentWorld, NodeAgent } from "../agent/node-agent.ts";
import { capabilities, load, ownHostname, ownIp } from "../agent/machine.ts";
import { nodeIdFolders, readNodeId, writeNodeId } from "../agent/node-id-file.ts";
import { registryUrl } from "./registry-url.ts";

interface BootstrapOptions {
  readonly role: string;
  readonly labels?: readonly string[];
  readonly registryUrl: string;
  readonly hostname?: string;
  readonly ip?: string;
  readonly nodeId?: string;
  readonly appName: string;
  readonly configDir?: string;
  readonly timeout: number;
  readonly detect: boolean;
  readonly daemon?: true;
}

export function addCommands(program: Command): void {
  const node = program.command("node").description("this machine as a node of a node registry");
  node
    .command("bootstrap")
    .description("registers this machine, keeps its id in a file and beats once; with --daemon it goes on")
    .requiredOption("--role <role>", "what the node is for")
    .option("--labels <labels>", "what it can be found by, divided by commas", splitLabels)
    .option("--registry-url <url>", "of the registry (or NODE_REGISTRY_URL)", registryUrl(process.env))
    .option("--hostname <name>", "default: this machine's")
    .option("--ip <address>", "default: the first that is not of the loopback")
    .option("--node-id <id>", "default: the one of the file, else derived from host and role")
    .option("--app-name <name>", "the id is in /etc/<name>/node_id, or in ~/.config/<name>/node_id", "rollcall")
    .option("--config-dir <folder>", "the folder of the file node_id, instead")
    .option("--timeout <seconds>", "when to give up, without --daemon", parseNumberUpTo(3_600), 30)
    .option("--no-detect", "don't tell of processors, memory, disk and GPUs")
    .option("--daemon", "goes on beating, by the lease that the registry grants")
    .action(bootstrap);
}

const REQUEST_MS = 10_000;
const ANSWER_BYTES_MAX = 1024 * 1024;

async function bootstrap(options: BootstrapOptions): Promise<void> {
  const { role, registryUrl: url, appName, configDir } = options;
  const hostname = options.hostname ?? ownHostname();
  const folders = nodeIdFolders(appName, configDir);
  const stored = readNodeId(folders, derivedNodeId(hostname, role));
  for (const note of stored.notes) complain(note);
  const token = clientToken(process.env);
  const ending = options.daemon ? interrupted() : AbortSignal.timeout(options.timeout * 1_000);
  const request = { method: "POST", url, token, timeoutMs: REQUEST_MS, bytesMax: ANSWER_BYTES_MAX } as const;
  const world: AgentWorld = {
    // A daemon's goodbye comes when it is ending.
    post: (path, body) => requestJson({ ...request, path, body, ...(!options.daemon && { signal: ending }) }),
    pause: (ms) => pause(ms, ending),
    random: Math.random,
    isStopping: () => ending.aborted,
    say: complain,
  };
  const described = {
    hostname,
    ip: options.ip ?? ownIp(),
    role,
    labels: options.labels ?? [],
    metadata: options.detect ? capabilities() : {},
    node_id: options.nodeId ?? stored.id,
  };
  const agent = new NodeAgent(world, described, load, (id) => {
    for (const problem of writeNodeId(id, folders, stored)) complain(problem);
  });
  if (options.daemon) return agent.run();
  const nodeId = await agent.once().catch((error: unknown) => {
    // The registry's own words are in it.
    throw new Error(replaceUnprintable(reasonOf(error)), { cause: error });
  });
  print(`registered as ${nodeId} with ${url}`);
}

function interrupted(): AbortSignal {
  const controller = new AbortController();
  void interruption().then(() => controller.abort());
  return controller.signal;
}

/** One line, whatever the registry has said. */
const complain = (text: string): void => void process.stderr.write(`${replaceUnprintable(text)}\n`);

const splitLabels = (text: string): readonly string[] =>
  text
    .split(",")
    .map((label) => label.trim())
    .filter((label) => label !== "");
