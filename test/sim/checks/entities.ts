import type { EventLine, JournalLine } from "../../../runtime/core/journal.ts";
import { partitionOf } from "../../../runtime/core/murmur2.ts";
import { EPOCH_MS } from "../machine.ts";
import type { DomainChecks } from "../simulated-domain.ts";
import type { Committed, Envelope, ObservedSystem } from "./observed-system.ts";
import type { InputCheck } from "./input.ts";

const LATE_MAX_MS = 2_000;
const SLACK_MS = 200;

/**
 * Each entity's events go to the judge as they are committed. What only the simulation can see is checked here: a
 * second writer of a journal (G4), deadlines that stay due (G7), input that was unread when a deadline fired (G8).
 */
export class EntitiesCheck {
  readonly #observed: ObservedSystem;
  readonly #input: InputCheck;
  readonly #domain: DomainChecks;
  readonly #journalSeq = new Map<number, number>();

  constructor(observed: ObservedSystem, input: InputCheck, domain: DomainChecks) {
    this.#observed = observed;
    this.#input = input;
    this.#domain = domain;
  }

  onCommitted({ lines }: Committed): void {
    lines.forEach((line, index) => {
      const { partition, seq } = line;
      const expected = (this.#journalSeq.get(partition) ?? 0) + 1;
      if (seq !== expected)
        this.#observed.report("G4", `partition ${partition} goes on with line ${seq}, not ${expected}: two writers`);
      this.#journalSeq.set(partition, seq);
      if (line.kind === "event") this.#event(line);
      else if (line.kind === "message") this.#domain.onStep(line, eventsBehind(lines, index));
    });
  }

  #event({ value }: EventLine): void {
    const { envelope_id: id, payload, payload_type: type } = JSON.parse(value) as Envelope;
    const atMs = EPOCH_MS + this.#observed.nowMs();
    this.#domain.judge.event({ type, id, cause: payload["causation_id"], payload, atMs });
    if (this.#domain.firings.includes(type)) this.#allRead(payload);
  }

  /** G8: a deadline fires when everything that lay in its partition before was read. */
  #allRead(payload: Envelope["payload"]): void {
    const { broker, domain, report } = this.#observed;
    const partition = partitionOf(String(payload["entity_id"]), broker.partitions);
    for (const topic of domain.inputs) {
      const unread = broker.log(topic, partition)[this.#input.nextOffset(topic, partition)];
      if (unread && unread.brokerTimeMs < Date.parse(String(payload["deadline_at"])))
        report("G8", `${topic} ${unread.offset} lay in the log before the deadline and was not read`);
    }
  }

  /** G7: without faults a deadline that is due fires. */
  checkLateness(): void {
    const { database, domain, report, nowMs, latenessExcusedUntilMs } = this.#observed;
    const now = nowMs();
    const held = new Set(
      database
        .table("expiry_hold")
        .filter((row) => (row["released_at"] ?? null) === null)
        .map((row) => row["state"]),
    );
    for (const row of database.table("entity")) {
      if (held.has(row["state"] ?? null)) continue;
      const deadlines = JSON.parse(String(row["deadlines"] ?? "{}")) as Record<string, { at: number }>;
      for (const [name, { at }] of Object.entries(deadlines))
        if (now > Math.max(at - EPOCH_MS, latenessExcusedUntilMs() + domain.periodMs) + LATE_MAX_MS + SLACK_MS)
          report("G7", `${name} of ${String(row["entity_id"])} was due ${Math.round(now - (at - EPOCH_MS))} ms ago`);
    }
  }
}

/** Types of the events of a step: their lines follow it at once. */
function eventsBehind(lines: readonly JournalLine[], index: number): string[] {
  const types: string[] = [];
  for (let at = index + 1; ; at++) {
    const line = lines[at];
    if (line?.kind === "event") types.push(line.type);
    else if (line?.kind !== "intent") return types;
  }
}
