import { freshDatabase } from "../../real/services/fresh-database.ts";
import type { ServiceAddresses } from "../../real/services/service-addresses.ts";
import { servicesOn } from "../consul/reader.ts";
import { type RealOptions, RealSystem } from "../real-system.ts";
import { journalAt } from "../world.ts";
import { REGISTRATION } from "./public-domain.ts";
import {
  type CatalogEntry,
  type NodeEvidence,
  type NodeWorld,
  registrationAt,
  registrationsAt,
  type Row,
  ROWS,
  timelineAt,
} from "./world.ts";

/** The real mode on Kafka, Postgres and Consul, with nodes. */
export class RealWorld extends RealSystem implements NodeWorld {
  static async create(services: ServiceAddresses, options: RealOptions = {}): Promise<RealWorld> {
    const world = new RealWorld(REGISTRATION, services, options, await freshDatabase(services.database));
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
    return (await this.services()).filter((entry) => entry.nodeId === nodeId);
  }

  async row(nodeId: string): Promise<Row | undefined> {
    return (await this.rowsAtTheEnd()).find(({ node_id }) => node_id === nodeId);
  }

  rowsAtTheEnd(): Promise<readonly Row[]> {
    return this.query<Row>(ROWS);
  }

  /** Everything on the external node of this environment and namespace, by Consul's own API. */
  services(): Promise<readonly CatalogEntry[]> {
    return servicesOn(this.addresses.consul, this.consulNode);
  }

  get consulNode(): string {
    return `rollcall-dev-${this.namespace}`;
  }

  async evidence(): Promise<NodeEvidence> {
    const seen = await this.publicEvidence();
    const [rows, services, registrations] = await Promise.all([
      this.rowsAtTheEnd(),
      this.services(),
      registrationsAt(this.url),
    ]);
    return { ...seen, rows, services, registrations };
  }
}
