import { partitionOf } from "../../../runtime/core/murmur2.ts";
import { EPOCH_MS } from "../machine.ts";
import type { DomainChecks } from "../simulated-domain.ts";
import type { Change, Values } from "../sql/tables.ts";
import type { Json } from "../sql/values.ts";
import type { Envelope, ObservedSystem } from "./observed-system.ts";
import type { InputCheck } from "./input.ts";

const LATE_MAX_MS = 2_000;
const SLACK_MS = 200;

/**
 * Each entity's events go to the judge as they are committed. What only the simulation can see is checked here: a
 * second writer of a journal (G4), deadlines that stay due (G7), input that was unread when a deadline fired (G8),
 * intents that are never done (G10).
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

  onCommitted(changes: readonly Change[]): void {
    const rows = changes.flatMap(({ table, after }) => (table.schema.name === "journal" && after ? [after] : []));
    rows.sort((a, b) => Number(a["seq"]) - Number(b["seq"]));
    for (const row of rows) {
      const [partition, seq] = [Number(row["partition"]), Number(row["seq"])];
      if (seq <= (this.#journalSeq.get(partition) ?? 0))
        this.#observed.report("G4", `the journal of partition ${partition} has a second row ${seq}: two writers`);
      this.#journalSeq.set(partition, seq);
      if (row["kind"] === "event") this.#event(row);
      else if (row["kind"] === "message") this.#domain.onMessage(row);
    }
  }

  #event(row: Values): void {
    const { envelope_id: id, payload, payload_type: type } = JSON.parse(String(row["value"])) as Envelope;
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
        .filter((row) => row["released_at"] === null)
        .map((row) => row["state"]),
    );
    for (const row of database.table("entity")) {
      if (held.has(row["state"] ?? null)) continue;
      for (const [name, { at }] of Object.entries((row["deadlines"] as Json).value as Record<string, { at: number }>))
        if (now > Math.max(at - EPOCH_MS, latenessExcusedUntilMs() + domain.periodMs) + LATE_MAX_MS + SLACK_MS)
          report("G7", `${name} of ${String(row["entity_id"])} was due ${Math.round(now - (at - EPOCH_MS))} ms ago`);
    }
  }

  /** Only the simulation can see that intents are done. */
  atRest(): void {
    for (const intent of this.#observed.database.table("intent"))
      this.#observed.report("G10", `${String(intent["type"])} of ${String(intent["entity_id"])} is not done`);
  }
}
