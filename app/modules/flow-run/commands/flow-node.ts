import { chmodSync, mkdirSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import type { Runner } from "../../../../effects/process/runner.ts";
import { clientToken, readConfig } from "../../../host/config.ts";
import { createLog } from "../../../host/log.ts";
import { serve } from "../../../serve.ts";
import { replaceUnprintable } from "../../../terminal/output.ts";
import { flowRunsOf } from "../module.ts";
import { type FlowNode, loadFlowNode } from "../node/flow-node.ts";

interface FlowNodeOptions {
  readonly scope?: string;
  readonly registry?: readonly string[];
  readonly port?: string;
  readonly discover?: string;
}

/** A process that has not drained by then is ended. */
const STOP_MS = 10_000;
/** Runs are told that they are ended; what is not told by then is lost at the next start. */
const RUNS_STOP_MS = 4_000;
const LISTENER = "flow_run";
const PORT = "9207";

export function addCommands(program: Command): void {
  program
    .command("flow-node")
    .description("a node that runs flows: it serves them at its own port, and tells registries of them")
    .option("--scope <file>", "the node, its registries and its flows: node1.yaml")
    .option("--discover <folder>", "a flow for each file *.flow.yaml")
    .option("--registry <url...>", "a registry of flow nodes, beside those of the scope file", addUrl)
    .option(
      "--port <port>",
      `where it listens; 0: any that is free (default: ROLLCALL_HTTP_PORT, else ${PORT})`,
      parsePort,
    )
    .addHelpText("after", "\nIt takes the variables of rollcall start, but its store is always the embedded one.\n")
    .action(run);
}

async function run({ scope, discover, registry = [], port }: FlowNodeOptions): Promise<void> {
  if (scope === undefined && discover === undefined) throw new Error("name --scope FILE, --discover FOLDER, or both");
  const node = await loadFlowNode({ scope, discover, registries: registry });
  const env = environmentOf(process.env, port);
  const config = readConfig(env);
  const log = createLog(config.ROLLCALL_LOG_LEVEL, config.redact);
  const say = (line: string): void => log.info(replaceUnprintable(line));
  let stop = (): void => {};
  const options = { folder: config.ROLLCALL_DATA_DIR, token: clientToken(process.env), say };
  // Programs may be of another user, and what is in the store is none of their business.
  mkdirSync(config.ROLLCALL_DATA_DIR, { recursive: true });
  chmodSync(config.ROLLCALL_DATA_DIR, 0o700);
  const { module, runner } = flowRunsOf(node, options);
  warnOfSharedUser(node, (line) => log.warn(line));
  const onFatal = (error: unknown): void => {
    log.fatal({ err: error }, "the process can't continue");
    log.flush();
    process.exit(1);
  };
  process.on("uncaughtException", onFatal).on("unhandledRejection", onFatal);
  const served = await serve({ modules: [module], env, log, onFatal, onLeave: () => stop() });
  let isStopping = false;
  stop = () => {
    if (isStopping) return;
    isStopping = true;
    log.info("ending the runs, and draining");
    setTimeout(() => process.exit(1), STOP_MS).unref();
    void ended(() => endRuns(runner()), RUNS_STOP_MS)
      .then(() => served.stop())
      .then(() => {
        log.info("stopped");
        log.flush();
        process.exit(0);
      });
  };
  process.on("SIGTERM", () => stop()).on("SIGINT", () => stop());
  log.info({ node: node.name, address: served.address, flows: node.flows.length }, `flow node at ${served.address}`);
}

/** The store and the bus are in the data folder: what the environment says of others is not for a node. */
export function environmentOf(
  environment: Readonly<Record<string, string | undefined>>,
  port: string | undefined,
): Record<string, string | undefined> {
  const own = Object.entries(environment).filter(([name]) => !/^(?:KAFKA_|DATABASE_|CONSUL_)/.test(name));
  const { ROLLCALL_HTTP_PORT: given, ROLLCALL_LISTENERS: listeners } = environment;
  return {
    ...Object.fromEntries(own),
    ROLLCALL_HTTP_PORT: port ?? (given || PORT),
    // One port for all that the node is asked.
    ROLLCALL_LISTENERS: listeners || `${LISTENER}=main`,
  };
}

/** What a process may read of another one of its user no runner can prevent. */
function warnOfSharedUser({ flows }: FlowNode, warn: (line: string) => void): void {
  const own = process.getuid?.();
  const shared = flows.filter(
    ({ runnable }) => runnable?.means.kind === "process" && (runnable.means.user?.uid ?? own) === own,
  );
  if (shared.length === 0) return;
  warn(
    `${shared.length} flows run as this node's own user: they can read its environment, its files and its memory. ` +
      "Where they are not to be trusted with its secrets, give run_as another user, secrets in files that this user " +
      "can't read (NAME_FILE), or each node a container of its own (SECURITY.md)",
  );
}

async function endRuns(runner: Runner): Promise<void> {
  await runner.close();
  await runner.untilSettled();
}

async function ended(work: () => Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([work().catch(() => {}), late]);
  clearTimeout(timer);
}

function addUrl(text: string, former: readonly string[] = []): readonly string[] {
  if (!URL.canParse(text) || !/^https?:/.test(text)) throw new InvalidArgumentError("a URL with http or https");
  return [...former, text];
}

function parsePort(text: string): string {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw new InvalidArgumentError("0 to 65535");
  return text;
}
