import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { initializeStore } from "../initialized-store.ts";
import { EventStreamReader } from "./event-stream-reader.ts";
import { eventsOf, type PublishedRecord } from "./evidence.ts";
import { type Ended, type Program, startProgram } from "./program.ts";
import { envelopeFor, type PublishOptions } from "./world.ts";

export interface EmbeddedOptions {
  readonly contractsDir?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** For the first start alone: a crash point. */
  readonly first?: Readonly<Record<string, string>>;
  /** Parts that need not be ready. */
  readonly tolerated?: readonly string[];
}

/** The embedded mode: one process and a folder, spoken to over HTTP alone. */
export class EmbeddedSystem {
  readonly isEmbedded = true;
  readonly #dataDir = mkdtempSync(join(tmpdir(), "rollcall-blackbox-"));
  readonly #options: EmbeddedOptions;
  #program: Program | undefined;
  #reader: EventStreamReader | undefined;

  protected constructor(options: EmbeddedOptions) {
    this.#options = options;
  }

  protected async open(): Promise<void> {
    await initializeStore(this.#dataDir);
    await this.start(this.#options.first);
    this.#reader = new EventStreamReader(() => this.url);
    await this.#reader.connected();
  }

  get url(): string {
    return this.#program?.url ?? "";
  }

  async start(more: Readonly<Record<string, string>> = {}): Promise<void> {
    const environment = {
      ROLLCALL_DATA_DIR: this.#dataDir,
      ROLLCALL_PARTITIONS: "4",
      ROLLCALL_LOG_LEVEL: "debug",
      ...this.#options.environment,
      ...more,
    };
    const { contractsDir, tolerated = [] } = this.#options;
    this.#program = await startProgram({ environment, contractsDir, tolerated });
  }

  async ended(): Promise<Ended> {
    return (await this.#program?.ended) ?? { code: null, signal: null };
  }

  async kill(): Promise<void> {
    await this.#program?.kill();
  }

  async publish(type: string, payload: object, options: PublishOptions = {}): Promise<string> {
    const envelope = envelopeFor(type, payload, options);
    const answer = await fetch(`${this.url}/api/v1/events`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(envelope),
    });
    if (answer.status !== 202) throw new Error(`${type} is answered ${answer.status}: ${await answer.text()}`);
    return envelope.envelope_id;
  }

  /** All that was published so far. */
  protected get records(): readonly PublishedRecord[] {
    return this.#reader?.records ?? [];
  }

  events(entityId: string) {
    return eventsOf(this.records, entityId);
  }

  /** One stream tells all in their order: what was seen last came last. */
  async caughtUp(): Promise<void> {}

  /** Ends the program first, for it alone has the database. */
  protected async queryAtTheEnd<Row>(text: string): Promise<readonly Row[]> {
    await this.#program?.stop();
    const database = await PGlite.create(join(this.#dataDir, "store", "data"));
    try {
      return (await database.query<Row>(text)).rows;
    } finally {
      await database.close();
    }
  }

  async close(): Promise<void> {
    this.#reader?.close();
    await this.#program?.kill();
    rmSync(this.#dataDir, { recursive: true, force: true });
  }
}
