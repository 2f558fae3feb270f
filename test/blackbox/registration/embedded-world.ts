import { type EmbeddedOptions, EmbeddedSystem } from "../embedded-system.ts";
import { getJson, journalAt } from "../world.ts";
import {
  type CatalogEntry,
  type NodeEvidence,
  type NodeWorld,
  registrationAt,
  registrationsAt,
  type Row,
  ROWS,
  serviceNames,
  timelineAt,
} from "./world.ts";

/** The embedded mode with nodes. */
export class EmbeddedWorld extends EmbeddedSystem implements NodeWorld {
  static async create({ catalog, ...options }: EmbeddedWorldOptions = {}): Promise<EmbeddedWorld> {
    const world = new EmbeddedWorld({ ...options, ...(catalog === "absent" && { tolerated: ["catalogue"] }) });
    await world.open();
    return world;
  }

  registration(nodeId: string) {
    return registrationAt(this.url, nodeId);
  }

  timeline(nodeId: string) {
    return timelineAt(this.url, nodeId);
  }

  journal() {
    return journalAt(`${this.url}/api/v1/journal`);
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

  async evidence(): Promise<NodeEvidence> {
    const services = await this.#services();
    const registrations = await registrationsAt(this.url);
    return { records: this.records, registrations, services };
  }

  rowsAtTheEnd(): Promise<readonly Row[]> {
    return this.queryAtTheEnd<Row>(ROWS);
  }
}

interface EmbeddedWorldOptions extends EmbeddedOptions {
  /** The program is not ready then; what else it needs is waited for. */
  readonly catalog?: "absent";
}

interface ServiceItem {
  readonly service_id: string;
  readonly node_id: string;
  readonly address: string;
  readonly port: number | null;
  readonly tags: readonly string[];
  readonly note: string;
}
