import { type IHeaders, Kafka, logLevel, Partitioners, type Producer } from "kafkajs";
import { Client } from "pg";
import { v4 } from "uuid";
import { type FreshDatabase, freshDatabase } from "../real/services/fresh-database.ts";
import { freshNamespace } from "../real/services/fresh-namespace.ts";
import type { ServiceAddresses } from "../real/services/service-addresses.ts";
import { type Evidence, eventsOf } from "./evidence.ts";
import { KafkaReader, type LoggedRecord, publishedRecordOf } from "./kafka-reader.ts";
import { type Ended, type Program, startProgram } from "./program.ts";
import {
  type CatalogEntry,
  getJson,
  type PublishOptions,
  registrationAt,
  registrationsAt,
  type Row,
  timelineAt,
  type World,
} from "./world.ts";

const PARTITIONS = 4;
/** A member that was killed keeps its partitions until Kafka's session of 30 s is over. */
const READY_MS = 90_000;
const INPUTS: Readonly<Record<string, string>> = {
  NodeIntrospectionEvent: "evt.node-introspection",
  NodeRegistrationAcked: "cmd.node-registration-acked",
  NodeHeartbeatEvent: "evt.node-heartbeat",
  NodeDeregister: "cmd.node-deregister",
};
const OUTPUTS = [
  "initiated", "accepted", "rejected", "ack-received", "ack-timed-out",
].map((name) => `evt.node-registration-${name}`).concat([
  "became-active", "updated", "liveness-expired", "deregistered",
].map((name) => `evt.node-${name}`)); // prettier-ignore
const DEAD_LETTERS = "dlq.registration";

export interface RealOptions {
  readonly contractsDir?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** For the first start alone: a crash point. */
  readonly first?: Readonly<Record<string, string>>;
  /** Output topics that an edited contract adds, without environment, namespace and version. */
  readonly moreOutputs?: readonly string[];
}

/** What a foreign producer hands to Kafka. */
export interface Sent {
  readonly key?: string | null;
  readonly value: Buffer | string | null;
  readonly headers?: IHeaders;
  readonly partition?: number;
}

/** The real mode on Kafka, Postgres and Consul, with a namespace and a database of its own. */
export class RealWorld implements World {
  readonly isEmbedded = false;
  readonly namespace = freshNamespace();
  readonly #services: ServiceAddresses;
  readonly #options: RealOptions;
  readonly #database: FreshDatabase;
  readonly #sql: Client;
  readonly #kafka: Kafka;
  readonly #producer: Producer;
  #programs: Program[] = [];
  #reader: KafkaReader | undefined;

  private constructor(services: ServiceAddresses, options: RealOptions, database: FreshDatabase) {
    this.#services = services;
    this.#options = options;
    this.#database = database;
    this.#sql = new Client({ connectionString: database.url });
    this.#kafka = new Kafka({ brokers: services.kafka.split(","), clientId: "stranger", logLevel: logLevel.NOTHING });
    this.#producer = this.#kafka.producer({
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
    });
  }

  static async create(services: ServiceAddresses, options: RealOptions = {}): Promise<RealWorld> {
    const world = new RealWorld(services, options, await freshDatabase(services.database));
    await world.#sql.connect();
    await world.start(options.first);
    await world.#producer.connect();
    const outputs = [...OUTPUTS, ...(options.moreOutputs ?? [])].map((name) => world.topic(name));
    const existing = await world.#existing(outputs.concat(world.deadLetterTopic));
    world.#reader = await KafkaReader.open(services.kafka, existing, `stranger-${world.namespace}`);
    return world;
  }

  get url(): string {
    return this.#programs.at(-1)?.url ?? "";
  }

  get deadLetterTopic(): string {
    return this.topic(DEAD_LETTERS);
  }

  /** The name of a topic, given `evt.node-introspection`. */
  topic(name: string): string {
    return `dev.${this.namespace}.onex.${name}.v1`;
  }

  inputTopic(type: string): string {
    return this.topic(INPUTS[type] ?? type);
  }

  /** A first process, or one more beside those that run. */
  async start(more: Readonly<Record<string, string>> = {}): Promise<void> {
    this.#programs.push(
      await startProgram({
        environment: { ...this.environment, ...more },
        contractsDir: this.#options.contractsDir,
        readyMs: READY_MS,
      }),
    );
  }

  /** What every process of this system is started with. */
  get environment(): Readonly<Record<string, string>> {
    const { kafka, consul } = this.#services;
    return {
      KAFKA_BOOTSTRAP_SERVERS: kafka,
      DATABASE_URL: this.#database.url,
      CONSUL_HTTP_ADDR: consul,
      ROLLCALL_NAMESPACE: this.namespace,
      ROLLCALL_PARTITIONS: String(PARTITIONS),
      ROLLCALL_LOG_LEVEL: "debug",
      ...this.#options.environment,
    };
  }

  get programs(): readonly Program[] {
    return this.#programs;
  }

  async ended(): Promise<Ended> {
    const program = this.#programs.at(-1);
    const ended = await program?.ended;
    this.#programs = this.#programs.filter((each) => each !== program);
    return ended ?? { code: null, signal: null };
  }

  /** The process started last, or the one given. */
  async kill(program = this.#programs.at(-1)): Promise<void> {
    await program?.kill();
    this.#programs = this.#programs.filter((each) => each !== program);
  }

  async publish(
    type: string,
    payload: Readonly<Record<string, unknown>>,
    options: PublishOptions = {},
  ): Promise<string> {
    const { messageId = v4(), correlationId, payloadType = type } = options;
    const envelope = {
      envelope_id: messageId,
      envelope_timestamp: new Date().toISOString(),
      ...(correlationId !== undefined && { correlation_id: correlationId }),
      payload_type: payloadType,
      source_tool: "stranger",
      payload,
    };
    await this.send(type, { key: String(payload["node_id"]), value: JSON.stringify(envelope) });
    return messageId;
  }

  /** Any bytes to the topic of a payload type, as a foreign producer would. */
  async send(
    type: string,
    { key = null, value, headers = {}, partition }: Sent,
  ): Promise<{ partition: number; offset: number }> {
    const message = { key, value, headers, ...(partition !== undefined && { partition }) };
    const [result] = await this.#producer.send({ topic: this.inputTopic(type), acks: -1, messages: [message] });
    return { partition: result?.partition ?? -1, offset: Number(result?.baseOffset) };
  }

  events(nodeId: string) {
    return eventsOf(this.#published(), nodeId);
  }

  deadLetters(): readonly LoggedRecord[] {
    return this.#reader?.of(this.deadLetterTopic) ?? [];
  }

  logged(topic: string): readonly LoggedRecord[] {
    return this.#reader?.of(topic) ?? [];
  }

  registration(nodeId: string) {
    return registrationAt(this.url, nodeId);
  }

  timeline(nodeId: string) {
    return timelineAt(this.url, nodeId);
  }

  async catalog(nodeId: string): Promise<readonly CatalogEntry[]> {
    return (await this.services()).filter((entry) => entry.nodeId === nodeId);
  }

  async row(nodeId: string): Promise<Row | undefined> {
    return (await this.rowsAtTheEnd()).find(({ node_id }) => node_id === nodeId);
  }

  query(text: string): Promise<unknown> {
    return this.#sql.query(text);
  }

  /** A connection of its own, for what must lie in a transaction. */
  async withConnection<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const client = new Client({ connectionString: this.#database.url });
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  /** Everything on the external node of this environment and namespace, as Consul's own API tells it. */
  async services(): Promise<readonly CatalogEntry[]> {
    const node = `rollcall-dev-${this.namespace}`;
    const { consul } = this.#services;
    const held = await getJson<ConsulNode | null>(`${consul}/v1/catalog/node/${node}`);
    const services = Object.values(held?.Services ?? {});
    const names = [...new Set(services.map(({ Service }) => Service))];
    const health = async (name: string, query: string): Promise<readonly ConsulHealth[]> => {
      const found = await getJson<ConsulHealth[]>(`${consul}/v1/health/service/${encodeURIComponent(name)}${query}`);
      return (found ?? []).filter(({ Node }) => Node.Node === node);
    };
    const entries = await Promise.all(
      names.map(async (name) => {
        const [all, ready] = await Promise.all([health(name, ""), health(name, "?passing")]);
        // As often as `?passing` names it: twice would be a lie.
        return all.map(({ Service, Checks }) => ({
          serviceId: Service.ID,
          nodeId: Service.Meta?.["rollcall_node_id"] ?? Service.ID.replace(`${name}-`, ""),
          address: Service.Address,
          port: Service.Port === 0 ? null : Service.Port,
          tags: Service.Tags ?? [],
          passing: ready.filter((each) => each.Service.ID === Service.ID).length === 1,
          note: Checks.find(({ ServiceID }) => ServiceID === Service.ID)?.Output ?? "",
        }));
      }),
    );
    return entries.flat();
  }

  #published() {
    const records = this.#reader?.records ?? [];
    return records.filter(({ topic }) => topic !== this.deadLetterTopic).map(publishedRecordOf);
  }

  async rowsAtTheEnd(): Promise<readonly Row[]> {
    const { rows } = await this.#sql.query<Row>(
      `select node_id, status, version::int as version, node_type, endpoints from rollcall.node_registrations`,
    );
    return rows;
  }

  async #existing(topics: readonly string[]): Promise<string[]> {
    const admin = this.#kafka.admin();
    await admin.connect();
    try {
      const known = new Set(await admin.listTopics());
      return topics.filter((topic) => known.has(topic));
    } finally {
      await admin.disconnect();
    }
  }

  async evidence(): Promise<Evidence> {
    await this.#reader?.caughtUp();
    const [rows, services, registrations] = await Promise.all([
      this.rowsAtTheEnd(),
      this.services(),
      registrationsAt(this.url),
    ]);
    return { records: this.#published(), partitions: PARTITIONS, registrations, rows, services };
  }

  async close(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.kill()));
    await Promise.all([this.#reader?.close(), this.#producer.disconnect(), this.#sql.end()]);
    await this.#database.drop();
  }
}

interface ConsulNode {
  readonly Services: Readonly<Record<string, { readonly ID: string; readonly Service: string }>>;
}
interface ConsulHealth {
  readonly Node: { readonly Node: string };
  readonly Service: {
    readonly ID: string;
    readonly Address: string;
    readonly Port: number;
    readonly Tags: readonly string[] | null;
    readonly Meta: Readonly<Record<string, string>> | null;
  };
  readonly Checks: readonly { readonly ServiceID: string; readonly Output: string }[];
}
