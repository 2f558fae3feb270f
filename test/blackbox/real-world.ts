import { Kafka, logLevel, Partitioners, type Producer } from "kafkajs";
import { Client, Pool } from "pg";
import { type FreshDatabase, freshDatabase } from "../real/services/fresh-database.ts";
import { freshNamespace } from "../real/services/fresh-namespace.ts";
import type { ServiceAddresses } from "../real/services/service-addresses.ts";
import { type Evidence, eventsOf, type PublishedRecord } from "./evidence.ts";
import { servicesOn } from "./consul-reader.ts";
import { KafkaReader, type LoggedRecord, publishedRecordOf } from "./kafka-reader.ts";
import { type Ended, type Program, type ProgramOptions, startProgram } from "./program.ts";
import { groupOffsets, INPUTS, messageOf, RealTopics, type Sent } from "./real-topics.ts";
import {
  type CatalogEntry,
  type PublishOptions,
  registrationAt,
  registrationsAt,
  type Row,
  timelineAt,
  type World,
} from "./world.ts";

const PARTITIONS_DEFAULT = 4;
/** A member that was killed keeps its partitions until Kafka's session of 30 s is over. */
const READY_MS = 90_000;
/** What has just arrived may not be journaled yet. */
const SETTLING_MS = 5_000;

export interface RealOptions {
  readonly contractsDir?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** For the first start alone: a crash point. */
  readonly first?: Readonly<Record<string, string>>;
  /** For a start before the first one, that dies before there is anything to read. */
  readonly before?: Readonly<Record<string, string>>;
  /** The processes' way to Postgres: a proxy's port. */
  readonly databasePort?: number;
  /** A secret that is not used. */
  readonly databasePassword?: string;
  /** Topics are created with so many; 4 by default. */
  readonly partitions?: number;
  /** Parts that need not be ready. */
  readonly tolerated?: readonly string[];
  /** Output topics that an edited contract adds, without environment, namespace and version. */
  readonly moreOutputs?: readonly string[];
}

export type StartOptions = Partial<Pick<ProgramOptions, "contractsDir" | "tolerated" | "command">>;

/** The real mode on Kafka, Postgres and Consul, with a namespace and a database of its own. */
export class RealWorld implements World {
  readonly isEmbedded = false;
  readonly namespace = freshNamespace();
  readonly #topics = new RealTopics(this.namespace);
  readonly #services: ServiceAddresses;
  readonly #options: RealOptions;
  readonly #database: FreshDatabase;
  readonly #sql: Pool;
  readonly #kafka: Kafka;
  readonly #producer: Producer;
  readonly #suspects = new Set<string>();
  readonly #poison: string[] = [];
  readonly #outages: { fromMs: number; toMs: number }[] = [];
  #programs: Program[] = [];
  readonly #started: Program[] = [];
  #last: Program | undefined;
  /** Since when no process runs. */
  #unservedFromMs: number | undefined;
  #reader: KafkaReader | undefined;

  private constructor(services: ServiceAddresses, options: RealOptions, database: FreshDatabase) {
    this.#services = services;
    this.#options = options;
    this.#database = database;
    this.#sql = new Pool({ connectionString: database.url, max: 4 });
    // Postgres may be restarted meanwhile.
    this.#sql.on("error", () => {});
    this.#kafka = new Kafka({ brokers: services.kafka.split(","), clientId: "stranger", logLevel: logLevel.NOTHING });
    this.#producer = this.#kafka.producer({
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
    });
  }

  static async create(services: ServiceAddresses, options: RealOptions = {}): Promise<RealWorld> {
    const world = new RealWorld(services, options, await freshDatabase(services.database));
    if (options.before) {
      await world.start(options.before);
      await world.ended();
    }
    await world.start(options.first);
    await world.#producer.connect();
    const existing = await world.#existing(world.#topics.all(options.moreOutputs ?? []));
    world.#reader = await KafkaReader.open(services.kafka, existing, `stranger-${world.namespace}`);
    return world;
  }

  get url(): string {
    return this.#programs.at(-1)?.url ?? "";
  }

  get deadLetterTopic(): string {
    return this.#topics.deadLetters;
  }

  /** The name of a topic, given `evt.node-introspection`. */
  topic(name: string): string {
    return this.#topics.named(name);
  }

  inputTopic(type: string): string {
    return this.#topics.input(type);
  }

  /** A first process, or one more beside those that run. */
  async start(more: Readonly<Record<string, string>> = {}, options: StartOptions = {}): Promise<Program> {
    // From here on, at the earliest, a process serves again.
    if (this.#unservedFromMs !== undefined) this.outage(this.#unservedFromMs, Date.now());
    this.#unservedFromMs = undefined;
    const program = await startProgram({
      environment: { ...this.environment, ...more },
      contractsDir: this.#options.contractsDir,
      readyMs: READY_MS,
      ...(this.#options.tolerated && { tolerated: this.#options.tolerated }),
      ...options,
    });
    this.#programs.push(program);
    this.#started.push(program);
    this.#last = program;
    void program.ended.then(() => this.#gone(program));
    return program;
  }

  #gone(program: Program): void {
    this.#programs = this.#programs.filter((each) => each !== program);
    if (this.#programs.length === 0) this.#unservedFromMs ??= Date.now();
  }

  /** For the judge: no process served, or could, in this time (ms since the epoch). */
  outage(fromMs: number, toMs: number): void {
    this.#outages.push({ fromMs, toMs });
  }

  /** What every process of this system is started with. */
  get environment(): Readonly<Record<string, string>> {
    const { kafka, consul } = this.#services;
    return {
      KAFKA_BOOTSTRAP_SERVERS: kafka,
      DATABASE_URL: this.#databaseUrl,
      CONSUL_HTTP_ADDR: consul,
      ROLLCALL_NAMESPACE: this.namespace,
      ROLLCALL_PARTITIONS: String(this.#partitions),
      ROLLCALL_LOG_LEVEL: "debug",
      ...this.#options.environment,
    };
  }

  get #databaseUrl(): string {
    const url = new URL(this.#database.url);
    if (this.#options.databasePort !== undefined) url.port = String(this.#options.databasePort);
    if (this.#options.databasePassword !== undefined) url.password = this.#options.databasePassword;
    return url.href;
  }

  get programs(): readonly Program[] {
    return this.#programs;
  }

  /** Where a process of this system, ended ones included, printed a secret. */
  get leaks(): readonly string[] {
    return this.#started.flatMap(({ leak }) => leak ?? []);
  }

  async ended(): Promise<Ended> {
    return (await this.#last?.ended) ?? { code: null, signal: null };
  }

  /** The process started last, or the one given. */
  async kill(program = this.#programs.at(-1)): Promise<void> {
    await program?.kill();
  }

  async publish(
    type: string,
    payload: Readonly<Record<string, unknown>>,
    options: PublishOptions = {},
  ): Promise<string> {
    const message = messageOf(type, payload, options);
    await this.#send(type, message);
    return message.id;
  }

  /** In one batch, so that they arrive together. */
  async publishAll(type: string, payloads: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
    const messages = payloads.map((payload) => messageOf(type, payload));
    await this.#producer.send({ topic: this.inputTopic(type), acks: -1, messages });
  }

  /** Any bytes to the topic of a payload type, as a foreign producer would. */
  send(type: string, sent: Sent): Promise<{ partition: number; offset: number }> {
    this.#suspects.add(String(sent.value));
    return this.#send(type, sent);
  }

  /** Bytes that can't be processed. */
  async poison(type: string, sent: Sent): Promise<void> {
    const { partition, offset } = await this.send(type, sent);
    this.#poison.push(`${this.inputTopic(type)}[${partition}]@${offset}`);
  }

  /** Many of them in one batch. */
  async poisonAll(type: string, messages: readonly { readonly key: string; readonly value: string }[]): Promise<void> {
    const topic = this.inputTopic(type);
    for (const { value } of messages) this.#suspects.add(value);
    const partitioner = Partitioners.DefaultPartitioner();
    const partitionMetadata = Array.from({ length: this.#partitions }, (_, partitionId) => ({
      partitionId,
      leader: 1,
      partitionErrorCode: 0,
      replicas: [],
      isr: [],
    }));
    const placed = messages.map((message) => ({
      ...message,
      partition: partitioner({ topic, partitionMetadata, message }),
    }));
    const results = await this.#producer.send({ topic, acks: -1, messages: placed });
    for (const { partition, baseOffset } of results) {
      const count = placed.filter((each) => each.partition === partition).length;
      for (let nth = 0; nth < count; nth++) this.#poison.push(`${topic}[${partition}]@${Number(baseOffset) + nth}`);
    }
  }

  async #send(
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

  async caughtUp(): Promise<void> {
    await this.#reader?.caughtUp();
  }

  /** All that was published so far, repeats included. */
  async records(): Promise<readonly PublishedRecord[]> {
    await this.caughtUp();
    return this.#published();
  }

  /** What the group of the processes has committed to Kafka, as `topic[partition]@offset`. */
  groupOffsets(): Promise<readonly string[]> {
    const inputs = Object.keys(INPUTS).map((type) => this.inputTopic(type));
    return groupOffsets(this.#kafka, `rollcall.dev.${this.namespace}.registration`, inputs);
  }

  /** What was read by the store's offsets, in the same form. */
  async storedOffsets(): Promise<readonly string[]> {
    const rows = await this.query<{ place: string }>(
      `select topic || '[' || partition || ']@' || next_offset as place from rollcall.source_offset`,
    );
    return rows.map(({ place }) => place).sort();
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

  async query<Row extends object>(text: string): Promise<readonly Row[]> {
    return (await this.#sql.query<Row>(text)).rows;
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

  /** Everything on the external node of this environment and namespace, by Consul's own API. */
  services(): Promise<readonly CatalogEntry[]> {
    return servicesOn(this.#services.consul, this.consulNode);
  }

  get consulNode(): string {
    return `rollcall-dev-${this.namespace}`;
  }

  #published() {
    const records = this.#reader?.records ?? [];
    return records.filter(({ topic }) => this.#topics.isOutput(topic)).map(publishedRecordOf);
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
    const records = await this.records();
    const settledMs = Date.now() - SETTLING_MS;
    const inputs = this.#topics.inputsAmong(this.#reader?.records ?? []);
    const [rows, services, registrations, taken] = await Promise.all([
      this.rowsAtTheEnd(),
      this.services(),
      registrationsAt(this.url),
      this.#taken(),
    ]);
    return {
      records,
      partitions: this.#partitions,
      registrations,
      rows,
      services,
      inputs,
      settledMs,
      deadLetters: this.deadLetters(),
      taken,
      suspects: this.#suspects,
      poison: this.#poison,
      outages: this.#outages,
    };
  }

  async #taken(): Promise<ReadonlySet<string>> {
    const { rows } = await this.#sql.query<{ id: string }>(
      `select message_id as id from rollcall.journal where kind in ('message', 'repeat', 'repartitioned') and ` +
        "message_id is not null",
    );
    return new Set(rows.map(({ id }) => id));
  }

  get #partitions(): number {
    return this.#options.partitions ?? PARTITIONS_DEFAULT;
  }

  async close(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.kill()));
    await Promise.all([this.#reader?.close(), this.#producer.disconnect(), this.#sql.end()]);
    await this.#database.drop();
  }
}
