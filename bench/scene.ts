import { type Program, startProgram } from "../test/blackbox/program.ts";
import { freshDatabase } from "../test/real/services/fresh-database.ts";
import type { ServiceAddresses } from "../test/real/services/service-addresses.ts";
import type { BenchNode } from "./load.ts";
import { type BenchTopics, benchTopics, KafkaEngine } from "./registration/kafka-nodes.ts";

/** One runtime, and nodes that answer it, in a namespace and a database of their own. */
export interface Scene {
  readonly program: Program;
  readonly nodes: KafkaEngine;
  readonly topics: BenchTopics;
  /** Of Postgres. */
  readonly database: string;
  /** Ids that became active, each once. */
  readonly active: Set<string>;
  /** One more process, or the first again. */
  start(): Promise<Program>;
}

export interface SceneOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly contractsDir?: string;
}

export async function withScene<Result>(
  { kafka, database, consul }: ServiceAddresses,
  { environment = {}, contractsDir }: SceneOptions,
  play: (scene: Scene) => Promise<Result>,
): Promise<Result> {
  const runId = `scene${Date.now().toString(36)}`;
  const topics = benchTopics(runId);
  const fresh = await freshDatabase(database);
  const programs: Program[] = [];
  const start = async (): Promise<Program> => {
    const program = await startProgram({
      environment: {
        KAFKA_BOOTSTRAP_SERVERS: kafka,
        DATABASE_URL: fresh.url,
        CONSUL_HTTP_ADDR: consul,
        ROLLCALL_NAMESPACE: runId,
        ROLLCALL_PARTITIONS: "12",
        ROLLCALL_LOG_LEVEL: "error",
        ROLLCALL_HTTP_RATE_MAX: "1000000",
        ...environment,
      },
      contractsDir,
    });
    programs.push(program);
    return program;
  };
  const program = await start();
  const nodes = await KafkaEngine.connect(kafka, topics, runId, { canLeave: false });
  const active = new Set<string>();
  nodes.onActive = (id) => active.add(id);
  try {
    return await play({ program, nodes, topics, database: fresh.url, active, start });
  } finally {
    await nodes.close();
    await Promise.all(programs.map((each) => each.stop()));
    await fresh.drop();
  }
}

export const nodeAt = (index: number): BenchNode => ({ id: `node-${index}`, index });
