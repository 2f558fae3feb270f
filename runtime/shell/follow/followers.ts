import type { Domain } from "../../core/domain.ts";
import { partitionOf } from "../../core/murmur2.ts";
import type { Clock } from "../../ports/clock.ts";
import type { RecordPlace } from "../../ports/event-bus.ts";
import type { Sql } from "../../ports/store.ts";
import { shownEntity } from "../../core/entity-data.ts";
import { type EntityRecord, readEntityRecords } from "../../stored/entities.ts";
import { newestLineOf } from "../../stored/entity-lines.ts";
import { readPurgedEntities } from "../../stored/tombstones.ts";
import type { CommittedTurn } from "../shell-event.ts";
import type { Followed } from "./followed.ts";
import { FollowedPartition } from "./followed-partition.ts";
import { type FollowedMessage, Follower } from "./follower.ts";
import type { JournalReader } from "./journal-reader.ts";
import { LineFeed } from "./line-feed.ts";

export interface FollowRequest extends FollowedMessage {
  /** Ends it: the caller's time is over, or the caller has gone. */
  readonly signal: AbortSignal;
  /**
   * Publishes the message, once nothing that it leads to can be missed; returns where it lies when its topic is not
   * journaled. Left out: it is published already, and what was written of it before counts too.
   */
  readonly publish?: () => Promise<RecordPlace | undefined>;
}

interface FollowersParts {
  readonly domain: () => Domain;
  /** Over all processes. */
  readonly partitionCount: () => number;
  readonly store: Sql;
  readonly clock: Clock;
  readonly reader: JournalReader;
}

const NO_LINE = { lastLine: 0, lastLineMs: 0 };

interface PartitionInUse {
  readonly lines: FollowedPartition;
  readonly leave: () => void;
}

/** Tells callers of this process what became of their messages, whichever process takes them. */
export class Followers {
  readonly #parts: FollowersParts;
  readonly #partitions = new Map<number, PartitionInUse>();
  readonly #feeds = new Set<LineFeed>();
  #loading: { readonly ids: Map<string, number>; readonly records: Promise<readonly EntityRecord[]> } | undefined;

  constructor(parts: FollowersParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#feeds.size;
  }

  /**
   * Resolves when the message is published; what follows is in the iterator.
   * @throws what `publish` throws; Fault STORE_UNAVAILABLE. The iterator: also JOURNAL_DAMAGED
   */
  async follow(request: FollowRequest): Promise<AsyncGenerator<Followed, void>> {
    const { entityId, signal, publish } = request;
    const partition = partitionOf(entityId, this.#parts.partitionCount());
    const feed = new LineFeed();
    const upto = await this.#join(partition, entityId, feed);
    const awaited = { stop: () => {} };
    const leave = (): void => {
      awaited.stop();
      this.#leave(partition, entityId, feed);
    };
    // Also when nobody reads what is told.
    signal.addEventListener("abort", leave, { once: true });
    const load = (): Promise<EntityRecord | undefined> => this.#load(partition, entityId);
    try {
      const place = await publish?.();
      if (place) awaited.stop = this.#awaitOffset(place, entityId, feed);
      const before = publish ? undefined : await this.#newest(entityId, load);
      const { store, domain } = this.#parts;
      const follower = new Follower(request, { domain: domain(), partition, store, loadRecord: load, place });
      return untilAborted(follower, follower.read(feed, before && { ...before, upto }), signal, leave);
    } catch (error) {
      leave();
      throw error;
    }
  }

  close(): void {
    for (const feed of this.#feeds) feed.end("stopped");
    for (const { leave } of this.#partitions.values()) leave();
    this.#partitions.clear();
  }

  /** The entity's newest line: of one that was purged what is left of it names that. */
  async #newest(id: string, load: () => Promise<EntityRecord | undefined>) {
    const { store, domain } = this.#parts;
    const record = await load();
    const [left] = record ? [] : await readPurgedEntities(store, domain(), [id]);
    // It may have come back meanwhile.
    const found = record ?? (left ? undefined : await load());
    return { record: found, newest: newestLineOf(found ?? left ?? NO_LINE) };
  }

  /** @returns the line behind which the feed begins */
  async #join(partition: number, entityId: string, feed: LineFeed): Promise<number> {
    const { reader } = this.#parts;
    for (;;) {
      const end = await reader.endOf(partition);
      const followed = this.#partitions.get(partition) ?? this.#read(partition, end);
      if (!followed) continue;
      const upto = reader.positionOf(partition) ?? end;
      followed.lines.add(entityId, feed, upto);
      this.#feeds.add(feed);
      return upto;
    }
  }

  /** @returns undefined when the reader has gone on since it told its end */
  #read(partition: number, end: number): PartitionInUse | undefined {
    const lines = new FollowedPartition(this.#parts.domain().name);
    const leave = this.#parts.reader.join(new Map([[partition, end]]), lines);
    if (!leave) return undefined;
    const followed = { lines, leave };
    this.#partitions.set(partition, followed);
    return followed;
  }

  #leave(partition: number, entityId: string, feed: LineFeed): void {
    this.#feeds.delete(feed);
    const followed = this.#partitions.get(partition);
    followed?.lines.delete(entityId, feed);
    if (!followed?.lines.isEmpty) return;
    followed.leave();
    this.#partitions.delete(partition);
  }

  #awaitOffset(place: RecordPlace, entityId: string, feed: LineFeed): () => void {
    const onTaken = (entities: CommittedTurn["entities"] | undefined): void =>
      feed.push({ kind: "taken", record: entities?.get(entityId)?.after });
    return this.#parts.reader.awaitOffset({ ...place, onTaken });
  }

  /** The entities of all who ask at the same time are read at once. */
  async #load(partition: number, id: string): Promise<EntityRecord | undefined> {
    if (!this.#loading) {
      const ids = new Map<string, number>();
      this.#loading = { ids, records: this.#loadAll(ids) };
    }
    this.#loading.ids.set(id, partition);
    return (await this.#loading.records).find(({ entity }) => entity.id === id);
  }

  async #loadAll(ids: ReadonlyMap<string, number>): Promise<readonly EntityRecord[]> {
    const { clock, store, domain } = this.#parts;
    await clock.afterIo();
    this.#loading = undefined;
    const asked = [...ids].map(([id, partition]) => ({ id, partition }));
    const records = await readEntityRecords(store, domain().name, asked);
    return records.map((record) => ({ ...record, entity: shownEntity(domain(), record.entity) }));
  }
}

/** The end of the caller's time is told at once, whatever the store does meanwhile. */
async function* untilAborted(
  follower: Follower,
  told: AsyncGenerator<Followed, void>,
  signal: AbortSignal,
  onOver: () => void,
): AsyncGenerator<Followed, void> {
  const aborted = new Promise<undefined>((resolve) =>
    signal.addEventListener("abort", () => resolve(undefined), { once: true }),
  );
  try {
    for (;;) {
      const next = signal.aborted ? undefined : await Promise.race([told.next(), aborted]);
      if (!next) return yield { kind: "end", reason: follower.isTaken ? "aborted" : "not_taken" };
      if (next.done === true) return;
      yield next.value;
      // It is over: also when the caller reads on later, after its time.
      if (next.value.kind === "end") return;
    }
  } finally {
    signal.removeEventListener("abort", onOver);
    onOver();
  }
}
