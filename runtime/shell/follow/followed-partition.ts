import type { JournalLine } from "../../core/journal.ts";
import type { LineGroup } from "../../stored/entity-lines.ts";
import { linesOf, type TurnRow } from "../../stored/read-lines.ts";
import type { CommittedTurn } from "../shell-event.ts";
import type { JournalSubscriber } from "./journal-reader.ts";
import type { LineFeed } from "./line-feed.ts";

type Entities = CommittedTurn["entities"] | undefined;

/** Reads the lines of a partition once for all who follow an entity of it. */
export class FollowedPartition implements JournalSubscriber {
  readonly #domain: string;
  /** By entity: its feeds, each with the line behind which it begins. */
  readonly #feeds = new Map<string, Map<LineFeed, number>>();
  /** By entity: a step of which more lines may come. */
  readonly #open = new Map<string, LineGroup & { readonly behind: LineGroup["behind"][number][] }>();
  #entities: Entities;

  constructor(domain: string) {
    this.#domain = domain;
  }

  get isEmpty(): boolean {
    return this.#feeds.size === 0;
  }

  /** @param after the last line that was read */
  add(entityId: string, feed: LineFeed, after: number): void {
    this.#feeds.set(entityId, (this.#feeds.get(entityId) ?? new Map<LineFeed, number>()).set(feed, after));
  }

  delete(entityId: string, feed: LineFeed): void {
    const feeds = this.#feeds.get(entityId);
    if (feeds?.delete(feed) && feeds.size === 0) this.#feeds.delete(entityId);
  }

  onRows(rows: readonly TurnRow[], entities?: Entities): void {
    this.#entities = entities;
    try {
      for (const row of rows) for (const line of linesOf(this.#domain, row)) this.#take(line);
    } catch (error) {
      for (const feeds of this.#feeds.values()) for (const feed of feeds.keys()) feed.end(error as Error);
    }
  }

  onCaughtUp(): void {
    for (const entityId of [...this.#open.keys()]) this.#flush(entityId);
  }

  #take(line: JournalLine): void {
    const { entity_id: entityId } = line;
    if (line.kind === "gap" || line.kind === "repartitioned") return;
    // Of what can't be read the entity is not known: its sender may be any.
    if (entityId === undefined) return void (line.kind === "dead_letter" && this.#tellAll(line));
    if (!this.#feeds.has(entityId)) return;
    if (line.kind === "event" || line.kind === "intent") return void this.#open.get(entityId)?.behind.push(line);
    this.#flush(entityId);
    this.#open.set(entityId, { head: line, behind: [] });
  }

  #tellAll(head: Extract<LineGroup["head"], { readonly kind: "dead_letter" }>): void {
    for (const feeds of this.#feeds.values())
      for (const feed of feeds.keys()) feed.push({ kind: "group", group: { head, behind: [] }, record: undefined });
  }

  #flush(entityId: string): void {
    const group = this.#open.get(entityId);
    if (!group) return;
    this.#open.delete(entityId);
    const record = this.#entities?.get(entityId)?.after;
    // One that has come in the middle of the turn begins behind it.
    for (const [feed, after] of this.#feeds.get(entityId) ?? [])
      if (group.head.seq > after) feed.push({ kind: "group", group, record });
  }
}
