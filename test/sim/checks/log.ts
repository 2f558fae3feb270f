import type { DeadLetterLine, EventLine, JournalLine } from "../../../runtime/core/journal.ts";
import { decodeBytes } from "../../../runtime/stored/write-lines.ts";
import { PublicationJudge } from "../../promises/publication.ts";
import type { LogRecord } from "../broker.ts";
import type { Values } from "../sql/tables.ts";
import { type Committed, type Envelope, type ObservedSystem, positionOf } from "./observed-system.ts";

type Durable = JournalLine<EventLine> | JournalLine<DeadLetterLine>;

/**
 * Each published event goes to the judge. What only the simulation can see is checked here: that what is published was
 * committed before (G5), with the same bytes (G3), and that all of it is published in the end (G4).
 */
export class LogCheck {
  readonly #observed: ObservedSystem;
  readonly #durable = new Map<string, Durable>();
  /** Where a record that was refused had lain -> its dead letter's id. */
  readonly #deadLetters = new Map<string, string>();
  /** Event id, or where a dead letter's record lay -> what its first copy had. */
  readonly #published = new Map<string, string>();
  readonly #publication: PublicationJudge;
  /** Partition -> what is to be published, in order. */
  readonly #unpublished = new Map<number, { readonly seq: number; readonly id: string }[]>();
  /** Entity -> the `published_seq` of its events, where they have it. */
  readonly #publishedSeqs = new Map<string, number[]>();
  events = 0;

  constructor(observed: ObservedSystem) {
    this.#observed = observed;
    this.#publication = new PublicationJudge(observed.report, observed.broker.partitions);
  }

  onCommitted({ changes, lines }: Committed): void {
    for (const line of lines)
      if ((line.kind === "event" && line.topic !== undefined) || line.kind === "dead_letter") {
        const { id, partition, seq } = line;
        this.#durable.set(id, line);
        if (line.kind === "dead_letter") this.#deadLetters.set(positionOf(line.origin), id);
        const unpublished = this.#unpublished.get(partition) ?? [];
        unpublished.push({ seq, id });
        this.#unpublished.set(partition, unpublished);
      }
    for (const { table, after } of changes) if (table.schema.name === "partition_owner" && after) this.#cursor(after);
  }

  #cursor(row: Values): void {
    const unpublished = this.#unpublished.get(Number(row["partition"])) ?? [];
    const done = unpublished.findIndex(({ seq }) => seq > Number(row["published_seq"]));
    for (const { id, seq } of unpublished.splice(0, done < 0 ? unpublished.length : done))
      if (!this.#published.has(id))
        this.#observed.report("G4", `the cursor passed ${seq}, and ${this.#named(id)} is not in the log`);
  }

  /** Events of an entity that are not in the log yet. */
  unpublishedOf(entityId: string): readonly string[] {
    return [...this.#unpublished.values()].flatMap((unpublished) =>
      unpublished.flatMap(({ id }) => {
        const isOfEntity = this.#durable.get(id)?.entity_id === entityId;
        return isOfEntity && !this.#published.has(id) ? [this.#named(id)] : [];
      }),
    );
  }

  #named(id: string): string {
    const line = this.#durable.get(id);
    return `${line?.type ?? line?.kind} of ${line?.entity_id}`;
  }

  onAppended(record: LogRecord): void {
    if (this.#observed.domain.inputs.includes(record.topic)) return;
    const { headers, topic, partition } = record;
    const { report } = this.#observed;
    const id = headers["dlq_topic"] ? this.#deadLetterOf(headers) : String(headers["message_id"]?.toString());
    const line = this.#durable.get(id);
    if (!line) return report("G5", `${String(record.value).slice(0, 120)} is published and was never committed`);
    const { key, value } =
      line.kind === "event"
        ? { key: Buffer.from(line.entity_id), value: Buffer.from(line.value) }
        : { key: decodeBytes(line.key), value: decodeBytes(line.value) };
    const isThere = line.topic === topic && line.partition === partition;
    if (!isThere || !sameBytes(value, record.value) || !sameBytes(key, record.key))
      report("G3", `${this.#named(id)} is published with other bytes, or elsewhere, than it was committed`);
    const content = JSON.stringify(
      Object.entries(headers)
        .map(([name, text]) => [name, text.toString()])
        .sort(),
    );
    if (line.kind === "event") {
      const { payload, payload_type: type } = JSON.parse(String(record.value)) as Envelope;
      if (this.#publication.published({ type, id, payload, content, place: record })) {
        this.events++;
        const [entity, seq] = [line.entity_id, payload["published_seq"]];
        if (seq !== undefined)
          this.#publishedSeqs.set(entity, [...(this.#publishedSeqs.get(entity) ?? []), Number(seq)]);
      }
    } else if ((this.#published.get(id) ?? content) !== content)
      report("G3", `${this.#named(id)} is repeated with other headers`);
    this.#published.set(id, content);
  }

  #deadLetterOf(headers: LogRecord["headers"]): string {
    const at = ["dlq_topic", "dlq_partition", "dlq_offset"].map((name) => String(headers[name]?.toString()));
    return this.#deadLetters.get(at.join("/")) ?? at.join("/");
  }

  /** At rest all that was committed has been published, and what is published of an entity is counted without gaps. */
  atRest(): void {
    for (const [entity, seqs] of this.#publishedSeqs)
      if (seqs.some((seq, index) => seq !== index + 1))
        this.#observed.report("G4", `the events of ${entity} are published as ${seqs.join(", ")}`);
    for (const unpublished of this.#unpublished.values())
      for (const { id } of unpublished)
        if (!this.#published.has(id)) this.#observed.report("G4", `${this.#named(id)} was never published`);
  }
}

const sameBytes = (a: Buffer | null, b: Buffer | null): boolean => (a && b ? a.equals(b) : a === b);
