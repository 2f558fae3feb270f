import { Kafka, logLevel, Partitioners, type Producer } from "kafkajs";
import { Client, Pool } from "pg";
import type { FreshDatabase } from "../real/services/fresh-database.ts";
import { freshNamespace } from "../real/services/fresh-namespace.ts";
import { environmentOf, type ServiceAddresses } from "../real/services/service-addresses.ts";
import { type Evidence, eventsOf, type PublishedRecord } from "./evidence.ts";
import { KafkaReader, type LoggedRecord, publishedRecordOf } from "./kafka-reader.ts";
import { type Ended, type Program, type ProgramOptions, startProgram } from "./program.ts";
import { groupOffsets, messageOf, type PublicDomain, PublicTopics, type Sent } from "./topics.ts";
import type { PublishOptions } from "./world.ts";

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

/** The real mode on the services, with a namespace and a database of its own. */
export class RealSystem {
  readonly isEmbedded = false;
  readonly namespace = freshNamespace();
  protected readonly addresses: ServiceAddresses;
  readonly #domain: PublicDomain;
  readonly #topics: PublicTopics;
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

  protected constructor(
    domain: PublicDomain,
    services: ServiceAddresses,
    options: RealOptions,
    database: FreshDatabase,
  ) {
    this.#domain = domain;
    this.#topics = new PublicTopics(domain, this.namespace);
    this.addresses = services;
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

  protected async open(): Promise<void> {
    const { before, first, moreOutputs = [] } = this.#options;
    if (before) {
      await this.start(before);
      await this.ended();
    }
    await this.start(first);
    await this.#producer.connect();
    const existing = await this.#existing(this.#topics.all(moreOutputs));
    this.#reader = await KafkaReader.open(this.addresses.kafka, existing, `stranger-${this.namespace}`);
  }

  get url(): string {
    return this.#programs.at(-1)?.url ?? "";
  }

  get deadLetterTopic(): string {
    return this.#topics.deadLetters;
  }

  /** The name of a topic, given what the domain calls it. */
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
    return {
      ...environmentOf({ ...this.addresses, database: this.#databaseUrl }),
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
    const message = messageOf(this.#idIn(payload), type, payload, options);
    await this.#send(type, message);
    return message.id;
  }

  #idIn(payload: Readonly<Record<string, unknown>>): string {
    return String(payload[this.#domain.idField]);
  }

  /** In one batch, so that they arrive together. */
  async publishAll(type: string, payloads: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
    const messages = payloads.map((payload) => messageOf(this.#idIn(payload), type, payload));
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

  events(entityId: string) {
    return eventsOf(this.#published(), entityId);
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
    return groupOffsets(this.#kafka, `rollcall.dev.${this.namespace}.${this.#domain.name}`, this.#topics.inputs);
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

  #published() {
    const records = this.#reader?.records ?? [];
    return records.filter(({ topic }) => this.#topics.isOutput(topic)).map(publishedRecordOf);
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

  protected async publicEvidence(): Promise<Evidence> {
    const records = await this.records();
    const settledMs = Date.now() - SETTLING_MS;
    return {
      records,
      partitions: this.#partitions,
      inputs: this.#topics.inputsAmong(this.#reader?.records ?? []),
      settledMs,
      deadLetters: this.deadLetters(),
      taken: await this.#taken(),
      suspects: this.#suspects,
      poison: this.#poison,
      outages: this.#outages,
    };
  }

  async #taken(): Promise<ReadonlySet<string>> {
    const { rows } = await this.#sql.query<{ id: string }>(
      `select id from rollcall.journal where kind in ('message', 'repeat', 'repartitioned')`,
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
