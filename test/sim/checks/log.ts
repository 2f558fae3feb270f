import { partitionOf } from "../../../runtime/core/murmur2.ts";
import type { LogRecord } from "../broker.ts";
import { INPUT } from "../domain.ts";
import type { Change, Values } from "../sql/tables.ts";
import type { Json } from "../sql/values.ts";
import { type Envelope, type Evidence, placeOf } from "./evidence.ts";

/** G3, G4 and G5 of what is published: only what is durable, the same bytes each time, in its place and in order. */
export class LogCheck {
  readonly #evidence: Evidence;
  readonly #durable = new Map<string, Values>();
  /** Where a record that was refused had lain -> its row's id. */
  readonly #deadLetters = new Map<string, string>();
  readonly #published = new Map<string, string>();
  /** `topic entity` -> the entity_seq of its last event there. */
  readonly #newest = new Map<string, number>();
  /** Partition -> what is to be published, in order. */
  readonly #owed = new Map<number, { readonly seq: number; readonly id: string }[]>();
  events = 0;

  constructor(evidence: Evidence) {
    this.#evidence = evidence;
  }

  committed(changes: readonly Change[]): void {
    for (const { table, after } of changes)
      if (table.schema.name === "journal" && after && after["topic"] !== null && after["kind"] !== "repartitioned") {
        const id = String(after["message_id"]);
        this.#durable.set(id, after);
        if (after["kind"] === "dead_letter")
          this.#deadLetters.set(
            placeOf(((after["body"] as Json).value as { origin: Parameters<typeof placeOf>[0] }).origin),
            id,
          );
        const partition = Number(after["partition"]);
        const owed = this.#owed.get(partition) ?? [];
        owed.push({ seq: Number(after["seq"]), id });
        this.#owed.set(partition, owed);
      }
    for (const { table, after } of changes) if (table.schema.name === "partition_owner" && after) this.#cursor(after);
  }

  #cursor(row: Values): void {
    const owed = this.#owed.get(Number(row["partition"])) ?? [];
    const done = owed.findIndex(({ seq }) => seq > Number(row["published_seq"]));
    for (const { id, seq } of owed.splice(0, done < 0 ? owed.length : done))
      if (!this.#published.has(id))
        this.#evidence.say("G4", `the cursor passed ${seq}, and ${this.#named(id)} is not in the log`);
  }

  #named(id: string): string {
    const row = this.#durable.get(id);
    return `${String(row?.["type"] ?? row?.["kind"])} of ${String(row?.["entity_id"])}`;
  }

  appended(record: LogRecord): void {
    if (INPUT.includes(record.topic)) return;
    const { headers, topic, partition } = record;
    const { say } = this.#evidence;
    const id = topic.includes(".dlq.") ? this.#deadLetterOf(headers) : String(headers["message_id"]?.toString());
    const row = this.#durable.get(id);
    if (!row) return say("G5", `${String(record.value).slice(0, 120)} is published and was never committed`);
    if (
      row["topic"] !== topic ||
      row["partition"] !== partition ||
      !sameBytes(row["value"], record.value) ||
      !sameBytes(row["key"], record.key)
    )
      say("G3", `${this.#named(id)} is published with other bytes, or elsewhere, than it was committed`);
    const content = Object.entries(headers)
      .map(([name, value]) => `${name}=${value.toString()}`)
      .sort()
      .join("\n");
    const known = this.#published.get(id);
    if (known !== undefined && known !== content) say("G3", `${this.#named(id)} is repeated with other headers`);
    this.#published.set(id, content);
    if (known === undefined && row["kind"] === "event") this.#ordered(record);
  }

  #deadLetterOf(headers: LogRecord["headers"]): string {
    const at = ["dlq_topic", "dlq_partition", "dlq_offset"].map((name) => String(headers[name]?.toString()));
    return this.#deadLetters.get(at.join("/")) ?? at.join("/");
  }

  #ordered({ topic, partition, value }: LogRecord): void {
    const { say, broker } = this.#evidence;
    const { payload, payload_type } = JSON.parse(String(value)) as Envelope;
    const [id, seq] = [String(payload["entity_id"]), Number(payload["entity_seq"])];
    this.events++;
    if (partition !== partitionOf(id, broker.partitions))
      say("G4", `${payload_type} of ${id} lies in partition ${partition}`);
    const newest = this.#newest.get(`${topic} ${id}`) ?? 0;
    if (seq <= newest) say("G4", `${payload_type} ${seq} of ${id} lies behind ${newest}`);
    this.#newest.set(`${topic} ${id}`, seq);
  }

  /** At rest all that was committed has been published. */
  atRest(): void {
    for (const owed of this.#owed.values())
      for (const { id } of owed)
        if (!this.#published.has(id)) this.#evidence.say("G4", `${this.#named(id)} was never published`);
  }
}

const sameBytes = (a: unknown, b: Buffer | null): boolean =>
  Buffer.isBuffer(a) ? b !== null && a.equals(b) : (a ?? null) === b;
