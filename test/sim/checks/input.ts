import type { JournalLine } from "../../../runtime/core/journal.ts";
import type { LogRecord } from "../broker.ts";
import { EPOCH_MS } from "../machine.ts";
import type { Values } from "../sql/tables.ts";
import { type Committed, type ObservedSystem, positionOf } from "./observed-system.ts";

const WAIT_MAX_MS = 2_000;
const SLACK_MS = 200;

/** G1 and G11: each input record is processed once, in the transaction that moves the position past it. */
export class InputCheck {
  readonly #observed: ObservedSystem;
  /** Positions of records that can't be processed. */
  readonly #poison = new Set<string>();
  /** Entity, type and id of each message that took a step. */
  readonly #processed = new Set<string>();
  /** `topic/partition` -> the stored read position. */
  readonly #nextOffsets = new Map<string, number>();
  /** Positions of records that became dead letters. */
  readonly #deadLetters = new Set<string>();

  constructor(observed: ObservedSystem) {
    this.#observed = observed;
  }

  /** The first offset that is not processed yet. */
  nextOffset(topic: string, partition: number): number {
    return this.#nextOffsets.get(`${topic}/${partition}`) ?? 0;
  }

  onAppended(record: LogRecord): void {
    if (record.headers["x-poison"]) this.#poison.add(positionOf(record));
  }

  onCommitted({ changes, lines }: Committed): void {
    /** Positions of the records that the transaction journals. */
    const journaled = new Set<string>();
    for (const line of lines) this.#checkLine(line, journaled);
    for (const { table, after } of changes)
      if (table.schema.name === "dead_letter" && after) this.#checkDeadLetter(after);
    for (const { table, before, after } of changes)
      if (table.schema.name === "source_offset" && after) this.#checkReadPosition(before, after, journaled);
  }

  #checkLine(line: JournalLine, journaled: Set<string>): void {
    const { report } = this.#observed;
    if (!("origin" in line) || line.origin === undefined) return;
    const position = positionOf(line.origin);
    if (journaled.has(position)) report("G1", `${position} is journaled twice in one transaction`);
    journaled.add(position);
    if (line.kind === "dead_letter" || line.kind === "repartitioned") return;
    const id = `${line.entity_id} ${line.type} ${line.id}`;
    if (line.kind === "repeat" && !this.#processed.has(id))
      report("G1", `${position} is journaled as a repeat, but its message was not processed before`);
    if (line.kind === "message") {
      if (this.#processed.has(id)) report("G3", `${position} repeats a message (${id}) and is processed a second time`);
      this.#processed.add(id);
      if (line.reason === "") report("G1", `the decision on ${position} has no reason`);
    }
  }

  #checkDeadLetter(row: Values): void {
    const { report } = this.#observed;
    const position = positionOf({ topic: row["topic"], partition: row["partition"], offset: row["offset"] });
    if (!this.#poison.has(position))
      report("G11", `${position} is a dead letter (${String(row["error_code"])}), but can be processed`);
    if (this.#deadLetters.has(position)) report("G11", `${position} is a dead letter twice`);
    this.#deadLetters.add(position);
  }

  /** Each record that the read position passes is journaled in the same transaction. */
  #checkReadPosition(before: Values | null, after: Values, journaled: ReadonlySet<string>): void {
    const { report } = this.#observed;
    const [topic, partition] = [String(after["topic"]), Number(after["partition"])];
    const from = Number(before?.["next_offset"] ?? 0);
    const to = Number(after["next_offset"]);
    if (to < from) report("G1", `the position of ${topic}/${partition} goes back from ${from} to ${to}`);
    this.#nextOffsets.set(`${topic}/${partition}`, to);
    const { unjournaled } = this.#observed.domain;
    for (let offset = from; offset < to; offset++) {
      const position = positionOf({ topic, partition, offset });
      if (!unjournaled.includes(topic) && !journaled.has(position))
        report("G1", `the read position passed ${position}, which is not journaled`);
      if (this.#poison.has(position) && !this.#deadLetters.has(position))
        report("G11", `${position} can't be processed and is no dead letter`);
    }
  }

  /** Unless a fault excuses it, no record waits for longer than 2 s. */
  checkLateness(): void {
    const { broker, domain, report, nowMs, latenessExcusedUntilMs } = this.#observed;
    const now = nowMs();
    if (latenessExcusedUntilMs() > now - WAIT_MAX_MS - SLACK_MS) return;
    for (const topic of domain.inputs)
      for (let partition = 0; partition < broker.partitions; partition++) {
        const unread = broker.log(topic, partition)[this.nextOffset(topic, partition)];
        if (unread && unread.brokerTimeMs - EPOCH_MS < now - WAIT_MAX_MS - SLACK_MS)
          report(
            "G11",
            `${positionOf(unread)} has waited for ${Math.round(now - (unread.brokerTimeMs - EPOCH_MS))} ms`,
          );
      }
  }
}
