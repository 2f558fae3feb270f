import { type Command, InvalidArgumentError, Option } from "commander";
import { httpTransport } from "../../../../client/http-transport.ts";
import { kafkaTransport } from "../../../../client/kafka-transport.ts";
import type { LatencySummary } from "../../../../client/latencies.ts";
import { rampUpMs, simulate, type SimulationProgress, type SimulationSummary } from "../../../../client/simulation.ts";
import type { SimulationShape } from "../../../../client/node-profiles.ts";
import type { Transport } from "../../../../client/transport.ts";
import { durationMs } from "../../../../runtime/contract/language/schema-parts.ts";
import { clientToken, kafkaAccess, readConfig } from "../../../host/config.ts";
import { parseCount, parseNumberUpTo } from "../../../terminal/option-values.ts";
import { clearProgress, print, printJson, showProgress } from "../../../terminal/output.ts";

const LISTED_IDS_MAX = 5;

interface Options extends Omit<SimulationShape, "noAck"> {
  readonly rate: number;
  readonly for: number;
  /** `--no-ack`: commander reads it as the negation of `--ack`, hence the name. */
  readonly ack: number;
  readonly goodbye: boolean;
  readonly json: boolean;
  readonly url?: string;
  readonly kafka?: string;
  readonly env?: string;
  readonly namespace?: string;
}

export function addCommands(program: Command): void {
  program
    .command("simulate")
    .description("simulates many nodes against a running system; exits 1 if one that should become ACTIVE did not")
    .option("--nodes <count>", "how many nodes", parseCount, 100)
    .option("--rate <per second>", "new nodes a second", parseNumberUpTo(100_000), 50)
    .addOption(
      new Option("--for <duration>", "how long heartbeats go on").argParser(parseDuration).default(60_000, "60s"),
    )
    .option("--no-ack <share>", "share of nodes that never ACK", parseShare, 0)
    .option("--silent <share>", "share of nodes that send no heartbeats", parseShare, 0)
    .option("--duplicate <share>", "share of nodes that send every message twice", parseShare, 0)
    .option("--seed <number>", "same seed, same nodes with the same faults", parseCount, 1)
    .option("--goodbye", "deregister at the end, instead of going silent", false)
    .option("--url <url>", "the server, over HTTP; default ROLLCALL_URL, or the one of this machine")
    .addOption(
      new Option("--kafka <servers>", "the brokers, over Kafka instead; default KAFKA_BOOTSTRAP_SERVERS").conflicts(
        "url",
      ),
    )
    .option("--env <env>", "first segment of the topics; default ROLLCALL_ENV")
    .option("--namespace <namespace>", "second segment of the topics; default ROLLCALL_NAMESPACE")
    .option("--json", "print the summary as JSON", false)
    .action(run);
}

async function run(options: Options, command: Command): Promise<void> {
  const { nodes, rate, silent, for: forMs, ack: noAck } = options;
  if (rampUpMs(options) > forMs)
    command.error(
      `error: ${nodes} nodes at ${rate} a second take ${Math.ceil(nodes / rate)} s: give --for at least that long`,
    );
  if (noAck + silent > 1) command.error("error: --no-ack and --silent together are more than all nodes");
  const transport = transportOf(options);
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort());
  try {
    const summary = await simulate({
      ...options,
      noAck,
      durationMs: forMs,
      transport,
      signal: interrupted.signal,
      onProgress: (counts) => showProgress(() => progressLine(counts)),
    });
    clearProgress();
    if (options.json) printJson(summary);
    else print(summaryText(summary));
    if (summary.neverActive.length > 0) process.exitCode = 1;
  } finally {
    await transport.close();
  }
}

function transportOf({ url, kafka, env, namespace }: Options): Transport {
  const servers = kafka ?? process.env["KAFKA_BOOTSTRAP_SERVERS"];
  // The nodes are played by a client, which has no database: DATABASE_URL is the runtime's.
  const config = readConfig({ ...process.env, KAFKA_BOOTSTRAP_SERVERS: undefined, DATABASE_URL: undefined });
  const address = url ?? (kafka === undefined ? process.env["ROLLCALL_URL"] : undefined);
  if (servers && !address)
    return kafkaTransport({
      ...kafkaAccess(config, servers),
      env: env ?? config.ROLLCALL_ENV,
      namespace: namespace ?? config.ROLLCALL_NAMESPACE,
    });
  const { ROLLCALL_HTTP_HOST: host, ROLLCALL_HTTP_PORT: port } = config;
  return httpTransport({ url: address || `http://${host}:${port}`, token: clientToken(process.env) });
}

function parseShare(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value <= 1))
    throw new InvalidArgumentError("a share from 0 to 1: 0.1 is a tenth");
  return value;
}

function parseDuration(text: string): number {
  const ms = durationMs(text);
  if (ms === undefined) throw new InvalidArgumentError("an integer and ms, s, m, h or d: 60s");
  return ms;
}

/** The progress of a running simulation, in one line. */
function progressLine(progress: SimulationProgress): string {
  const { elapsedMs, introspected, nodes, accepted, active, rejected, expired, timedOut } = progress;
  const ended = rejected + expired + timedOut;
  const seconds = (elapsedMs / 1_000).toFixed(0);
  return `${seconds} s  introspected ${introspected}/${nodes}  accepted ${accepted}  active ${active}  ended ${ended}`;
}

/** The result of a simulation, for people. */
function summaryText(summary: SimulationSummary): string {
  const { nodes, seed, elapsedMs, expectedActive, neverActive, latency, firstError } = summary;
  const rows: readonly (readonly [string, number])[] = [
    ["introspected", summary.introspected],
    ["accepted", summary.accepted],
    ["active", summary.active],
    ["rejected", summary.rejected],
    ["expired", summary.expired],
    ["timed out", summary.timedOut],
    ["registered again", summary.registeredAgain],
    ["messages sent", summary.messagesSent],
    ["duplicates sent", summary.duplicatesSent],
    ["messages failed", summary.messagesFailed],
  ];
  const counted = rows.map(([name, value]) => `  ${name.padEnd(18)}${String(value).padStart(9)}`);
  const verdict =
    neverActive.length === 0
      ? `all ${expectedActive} nodes that should become ACTIVE did`
      : `${neverActive.length} of ${expectedActive} nodes that should become ACTIVE did not: ${listFirst(neverActive)}`;
  return [
    `${nodes} nodes, seed ${seed}, ${(elapsedMs / 1_000).toFixed(1)} s`,
    "",
    ...counted,
    "",
    `  ${"ms from introspection".padEnd(22)}${["p50", "p95", "p99", "max"].map((name) => name.padStart(9)).join("")}`,
    latencyRow("to accepted", latency.toAccepted),
    latencyRow("to active", latency.toActive),
    "",
    ...(firstError === null ? [] : [`first message that failed: ${firstError}`]),
    verdict,
  ].join("\n");
}

const listFirst = (ids: readonly string[]): string =>
  ids.slice(0, LISTED_IDS_MAX).join(", ") + (ids.length > LISTED_IDS_MAX ? ", ..." : "");

function latencyRow(name: string, { count, p50Ms, p95Ms, p99Ms, maxMs }: LatencySummary): string {
  const figures = [p50Ms, p95Ms, p99Ms, maxMs].map((ms) => (count === 0 ? "-" : ms.toFixed(1)).padStart(9));
  return `  ${name.padEnd(22)}${figures.join("")}`;
}
