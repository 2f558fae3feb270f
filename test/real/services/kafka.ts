import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Kafka, logLevel } from "kafkajs";
import type { Service } from "./instance.ts";
import { kafkaClasspath } from "./kafka-download.ts";
import { run } from "./run.ts";

export interface KafkaNode {
  readonly name: string;
  readonly dir: string;
  readonly clusterId: string;
  readonly heapMb: number;
  /** Name to password, for SCRAM-SHA-512: there from the first moment on. */
  readonly scramUsers?: Readonly<Record<string, string>>;
  readonly properties: Readonly<Record<string, string | number | boolean>>;
  answers(): Promise<void>;
}

/** The settings that every node has, whatever its role and however many there are. */
const commonProperties = {
  "controller.listener.names": "CONTROLLER",
  "auto.create.topics.enable": false,
  "offsets.topic.num.partitions": 4,
  "transaction.state.log.num.partitions": 4,
  "group.initial.rebalance.delay.ms": 0,
} as const;

/** Kafka as a plain Java process. */
export function kafkaNode({ name, dir, clusterId, heapMb, properties, answers, scramUsers = {} }: KafkaNode): Service {
  const dataDir = join(dir, name);
  const propertiesFile = join(dataDir, "server.properties");
  return {
    name,
    dataDir,
    stopSignal: "SIGTERM",
    answers,

    async prepare() {
      await mkdir(dataDir, { recursive: true });
      const lines = Object.entries({ ...commonProperties, ...properties, "log.dirs": join(dataDir, "log") });
      await writeFile(propertiesFile, lines.map(([key, value]) => `${key}=${value}\n`).join(""));
      await run("java", [
        "-cp",
        kafkaClasspath,
        "kafka.tools.StorageTool",
        "format",
        "-t",
        clusterId,
        "-c",
        propertiesFile,
        ...Object.entries(scramUsers).flatMap(([user, password]) => [
          "--add-scram",
          `SCRAM-SHA-512=[name=${user},password=${password}]`,
        ]),
      ]);
    },

    command: () => ({
      program: "java",
      args: [`-Xmx${heapMb}m`, "-cp", kafkaClasspath, "kafka.Kafka", propertiesFile],
      logFile: join(dir, `${name}.log`),
    }),
  };
}

/** Throws until the broker knows `brokerCount` brokers, itself included. */
export async function kafkaAnswers(broker: string, brokerCount: number): Promise<void> {
  const client = new Kafka({
    brokers: [broker],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 2_000,
    requestTimeout: 2_000,
    retry: { retries: 0 },
  });
  const admin = client.admin();
  try {
    await admin.connect();
    const { brokers } = await admin.describeCluster();
    if (brokers.length < brokerCount) throw new Error(`${brokers.length} of ${brokerCount} brokers are there`);
  } finally {
    await admin.disconnect();
  }
}
