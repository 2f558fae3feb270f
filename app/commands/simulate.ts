import { type Command, InvalidArgumentError, Option } from "commander";
import { httpTransport } from "../../client/http-transport.ts";
import { kafkaTransport } from "../../client/kafka-transport.ts";
import { rampUpMs, simulate } from "../../client/simulation.ts";
import type { Transport } from "../../client/transport.ts";
import { durationMs } from "../../runtime/contract/language/schema-parts.ts";
import { clientToken, type Config, readConfig } from "../host/config.ts";
import { kafkaAccess } from "../host/kafka-access.ts";
import { parseCount } from "../terminal/option-values.ts";
import { createProgressLine } from "../terminal/progress-line.ts";
import { progressLine, summaryText } from "../terminal/simulation-report.ts";
import { print, printJson } from "../terminal/output.ts";

interface Options {
  readonly nodes: number;
  readonly rate: number;
  readonly for: number;
  /** `--no-ack`: commander reads it as the negation of `--ack`, hence the name. */
  readonly ack: number;
  readonly silent: number;
  readonly duplicate: number;
  readonly seed: number;
  readonly goodbye: boolean;
  readonly json: boolean;
  readonly url?: string;
  readonly kafka?: string;
  readonly env?: string;
  readonly namespace?: string;
}

export function addSimulateCommands(program: Command): void {
  program
    .command("simulate")
    .description("simulates many nodes against a running system; exits 1 if one that should become ACTIVE did not")
    .addOption(new Option("--nodes <count>", "how many nodes").argParser(parseCount).default(100))
    .addOption(new Option("--rate <per second>", "new nodes a second").argParser(parseRate).default(50))
    .addOption(
      new Option("--for <duration>", "how long heartbeats go on").argParser(parseDuration).default(60_000, "60s"),
    )
    .addOption(new Option("--no-ack <share>", "share of nodes that never ACK").argParser(parseShare).default(0))
    .addOption(
      new Option("--silent <share>", "share of nodes that send no heartbeats").argParser(parseShare).default(0),
    )
    .addOption(
      new Option("--duplicate <share>", "share of nodes that send every message twice")
        .argParser(parseShare)
        .default(0),
    )
    .addOption(
      new Option("--seed <number>", "same seed, same nodes with the same faults").argParser(parseCount).default(1),
    )
    .option("--goodbye", "deregister at the end, instead of going silent", false)
    .addOption(new Option("--url <url>", "the server, over HTTP; default ROLLCALL_URL, or the one of this machine"))
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
  const { nodes, rate, seed, ack: noAck, silent, duplicate, goodbye, json } = options;
  const population = { nodes, rate, seed, noAck, silent, duplicate, durationMs: options.for, goodbye };
  if (rampUpMs(population) > options.for)
    command.error(
      `error: ${nodes} nodes at ${rate} a second take ${Math.ceil(nodes / rate)} s: give --for at least that long`,
    );
  if (noAck + silent > 1) command.error("error: --no-ack and --silent together are more than all nodes");
  const transport = transportOf(options);
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort());
  const progress = createProgressLine(process.stderr);
  try {
    const summary = await simulate({
      ...population,
      transport,
      signal: interrupted.signal,
      onProgress: (counts) => progress.update(() => progressLine(counts)),
    });
    progress.clear();
    if (json) printJson(summary);
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
  if (address || !servers)
    return httpTransport({ url: address ?? configuredUrl(config), token: clientToken(process.env) });
  return kafkaTransport({
    brokers: servers.split(","),
    env: env ?? config.ROLLCALL_ENV,
    namespace: namespace ?? config.ROLLCALL_NAMESPACE,
    ...kafkaAccess(config),
  });
}

const configuredUrl = ({ ROLLCALL_HTTP_HOST: host, ROLLCALL_HTTP_PORT: port }: Config): string =>
  `http://${host}:${port}`;

function parseRate(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 100_000)) throw new InvalidArgumentError("a number above 0, at most 100000");
  return value;
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
