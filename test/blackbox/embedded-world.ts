import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { EventStreamReader } from "./event-stream-reader.ts";
import { type Evidence, eventsOf } from "./evidence.ts";
import { initializeStore } from "../initialized-store.ts";
import { type Ended, type Program, startProgram } from "./program.ts";
import {
  type CatalogEntry,
  getJson,
  envelopeFor,
  type PublishOptions,
  registrationAt,
  registrationsAt,
  type Row,
  serviceNames,
  timelineAt,
  type World,
} from "./world.ts";

/** The embedded mode: one process and a folder, spoken to over HTTP alone. */
export class EmbeddedWorld implements World {
  readonly isEmbedded = true;
  readonly #dataDir = mkdtempSync(join(tmpdir(), "rollcall-blackbox-"));
  readonly #contractsDir: string | undefined;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #tolerated: readonly string[];
  #program: Program | undefined;
  #reader: EventStreamReader | undefined;

  private constructor(options: EmbeddedOptions) {
    this.#contractsDir = options.contractsDir;
    this.#environment = options.environment ?? {};
    this.#tolerated = options.catalog === "absent" ? ["catalogue"] : [];
  }

  static async create(options: EmbeddedOptions = {}): Promise<EmbeddedWorld> {
    const world = new EmbeddedWorld(options);
    await initializeStore(world.#dataDir);
    await world.start(options.first);
    world.#reader = new EventStreamReader(() => world.url);
    await world.#reader.connected();
    return world;
  }

  get url(): string {
    return this.#program?.url ?? "";
  }

  async start(more: Readonly<Record<string, string>> = {}): Promise<void> {
    const environment = {
      ROLLCALL_DATA_DIR: this.#dataDir,
      ROLLCALL_PARTITIONS: "4",
      ROLLCALL_LOG_LEVEL: "debug",
      ...this.#environment,
      ...more,
    };
    this.#program = await startProgram({
      environment,
      contractsDir: this.#contractsDir,
      tolerated: this.#tolerated,
    });
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

  events(nodeId: string) {
    return eventsOf(this.#reader?.records ?? [], nodeId);
  }

  /** One stream tells all in their order: what was seen last came last. */
  async caughtUp(): Promise<void> {}

  registration(nodeId: string) {
    return registrationAt(this.url, nodeId);
  }

  timeline(nodeId: string) {
    return timelineAt(this.url, nodeId);
  }

  async catalog(nodeId: string): Promise<readonly CatalogEntry[]> {
    return (await this.#services()).filter((entry) => entry.nodeId === nodeId);
  }

  async row(): Promise<undefined> {}

  async #services(): Promise<readonly CatalogEntry[]> {
    const lists = await Promise.all(
      serviceNames.map(async (name) => {
        const found = await getJson<{ items: ServiceItem[] }>(`${this.url}/api/v1/services/${name}`);
        const ready = await getJson<{ items: ServiceItem[] }>(`${this.url}/api/v1/services/${name}?passing`);
        const passing = new Set(ready?.items.map(({ service_id }) => service_id));
        return (found?.items ?? []).map((item) => ({ ...item, passing: passing.has(item.service_id) }));
      }),
    );
    return lists.flat().map(({ service_id: serviceId, node_id: nodeId, address, port, tags, passing, note }) => ({
      serviceId,
      nodeId,
      address,
      port,
      tags,
      passing,
      note,
    }));
  }

  async evidence(): Promise<Evidence> {
    const services = await this.#services();
    const registrations = await registrationsAt(this.url);
    return { records: this.#reader?.records ?? [], registrations, services };
  }

  async rowsAtTheEnd(): Promise<readonly Row[]> {
    await this.#program?.stop();
    const database = await PGlite.create(join(this.#dataDir, "store", "data"));
    try {
      const { rows } = await database.query<Row>(
        `select node_id, status, version::int as version, node_type, endpoints from rollcall.node_registrations`,
      );
      return rows;
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

interface EmbeddedOptions {
  /** The program is not ready then; what else it needs is waited for. */
  readonly catalog?: "absent";
  readonly contractsDir?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** For the first start alone: a crash point. */
  readonly first?: Readonly<Record<string, string>>;
}

interface ServiceItem {
  readonly service_id: string;
  readonly node_id: string;
  readonly address: string;
  readonly port: number | null;
  readonly tags: readonly string[];
  readonly note: string;
}
