import { Partitioners } from "kafkajs";
import type { PublishedCopy } from "./history.ts";
import type { Report } from "./promises.ts";

// Kafka's own default partitioner, by another author than the product's.
const partitioner = Partitioners.DefaultPartitioner();

/** G3 and G4 of what lies in the topics: the same bytes in each copy, one id an event, in its place and in order. */
export class PublicationJudge {
  readonly #report: Report;
  readonly #partitionMetadata: Parameters<typeof partitioner>[0]["partitionMetadata"];
  readonly #partitions = new Map<string, number>();
  /** Event id -> what its first copy had. */
  readonly #contents = new Map<string, string>();
  /** `entity type seq` -> event id. */
  readonly #ids = new Map<string, string>();
  /** `topic entity` -> the entity_seq of its last event there. */
  readonly #newest = new Map<string, number>();

  /** @param partitions of each topic; undefined when unknown */
  constructor(report: Report, partitions?: number) {
    this.#report = report;
    this.#partitionMetadata = Array.from({ length: partitions ?? 0 }, (_, partitionId) => ({
      partitionId,
      leader: 1,
      partitionErrorCode: 0,
      replicas: [],
      isr: [],
    }));
  }

  /** @returns whether it is the first copy of its event */
  published({ type, id, payload, content, place }: PublishedCopy): boolean {
    const [entityId, seq] = [String(payload["entity_id"]), Number(payload["entity_seq"])];
    const what = `${type} ${seq} of ${entityId}`;
    if (place && place.partition !== this.#partitionOf(entityId))
      this.#report("G4", `${what}: lies in partition ${place.partition} of ${place.topic}`);
    const first = this.#contents.get(id);
    if (first !== undefined) {
      if (first !== content) this.#report("G3", `${what}: a repeat with other bytes`);
      return false;
    }
    this.#contents.set(id, content);
    const other = this.#ids.get(what);
    if (other !== undefined) this.#report("G3", `${what}: has two ids, ${other} and ${id}`);
    this.#ids.set(what, id);
    const log = `${place?.topic ?? ""} ${entityId}`;
    const newest = this.#newest.get(log) ?? 0;
    if (seq <= newest) this.#report("G4", `${what}: lies behind ${newest} in ${place?.topic ?? "the stream"}`);
    this.#newest.set(log, seq);
    return true;
  }

  #partitionOf(entityId: string): number {
    const known = this.#partitions.get(entityId);
    if (known !== undefined) return known;
    const message = { key: entityId, value: null };
    const partition = partitioner({ topic: "any", partitionMetadata: this.#partitionMetadata, message });
    this.#partitions.set(entityId, partition);
    return partition;
  }
}
