import { partitionOf } from "../../../runtime/core/murmur2.ts";
import type { EntityHistory } from "../../promises/entity-history.ts";
import type { Ack, Heartbeat } from "../../promises/history.ts";
import { Judge } from "../../promises/judge.ts";
import type { LogRecord } from "../broker.ts";
import { INPUT, PERIOD_MS, TOPICS } from "../domain.ts";
import { EPOCH_MS } from "../machine.ts";
import type { Change, Values } from "../sql/tables.ts";
import type { Json } from "../sql/values.ts";
import type { Envelope, ObservedSystem } from "./observed-system.ts";
import type { InputCheck } from "./input.ts";

const SKEW_MS = 5_000;
const LATE_MAX_MS = 2_000;
const SLACK_MS = 200;

/**
 * Each entity's events go to the judge as they are committed. What only the simulation can see is checked here: a
 * second writer of a journal (G4), what Consul and Postgres had when a node was accepted (G5), rows that go back (G6),
 * deadlines that stay due (G7), input that was unread when a deadline fired (G8).
 */
export class EntitiesCheck {
  readonly #observed: ObservedSystem;
  readonly #input: InputCheck;
  readonly #judge: Judge;
  readonly #acks = new Map<string, Ack>();
  readonly #heartbeats = new Map<string, Heartbeat[]>();
  readonly #journalSeq = new Map<number, number>();
  readonly #written = new Map<string, number>();

  constructor(observed: ObservedSystem, input: InputCheck) {
    this.#observed = observed;
    this.#input = input;
    this.#judge = new Judge(observed.report, {
      clocksMs: 0,
      knowsRequests: true,
      ack: (messageId) => this.#acks.get(messageId),
      unconfirmed: (entity) => this.#unconfirmed(entity),
      heartbeats: (entityId) => this.#heartbeats.get(entityId) ?? [],
      outages: () =>
        observed.outages.map(({ of, fromMs, toMs }) => ({ of, fromMs: EPOCH_MS + fromMs, toMs: EPOCH_MS + toMs })),
    });
  }

  get entities(): ReadonlyMap<string, EntityHistory> {
    return this.#judge.entities;
  }

  /** A change that the catalog has made, or found to be older than what it has. */
  onApplied(serviceId: string, version: number): void {
    this.#written.set(serviceId, Math.max(version, this.#written.get(serviceId) ?? 0));
  }

  onAppended({ topic, partition, headers, value, brokerTimeMs }: LogRecord): void {
    if (headers["x-poison"] || (topic !== TOPICS.ack && topic !== TOPICS.heartbeat)) return;
    const payload = JSON.parse(String(value)) as Readonly<Record<string, unknown>>;
    const entityId = String(payload["node_id"]);
    if (topic === TOPICS.ack) {
      const { registration_attempt_id: attemptId, correlation_id: correlationId } = payload;
      this.#acks.set(String(headers["message_id"]), { entityId, attemptId, correlationId });
      return;
    }
    if (partition !== partitionOf(entityId, this.#observed.broker.partitions) || headers["rollcall-repartitioned"])
      return;
    const stated = payload["timestamp"] === undefined ? brokerTimeMs : Date.parse(String(payload["timestamp"]));
    const eventMs = Math.min(Math.max(stated, brokerTimeMs - SKEW_MS), brokerTimeMs);
    const heartbeats = this.#heartbeats.get(entityId) ?? [];
    heartbeats.push({ atMs: brokerTimeMs, eventMs });
    this.#heartbeats.set(entityId, heartbeats);
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
      // The attempt may be begun by this very row's events, which follow it and name the request too.
      else if (row["kind"] === "message" && row["type"] === "NodeIntrospectionEvent")
        this.#judge.requested(String(row["entity_id"]), row["correlation_id"], row["attempt_id"]);
    }
    for (const { table, before, after } of changes)
      if (table.schema.name === "node_registrations" && before && after) {
        const [from, to] = [Number(before["version"]), Number(after["version"])];
        if (from > to)
          this.#observed.report("G6", `the row of ${String(after["node_id"])} goes back from version ${from} to ${to}`);
      }
  }

  #event(row: Values): void {
    const { envelope_id: id, payload, payload_type: type } = JSON.parse(String(row["value"])) as Envelope;
    this.#judge.event({ type, id, cause: payload["causation_id"], payload, atMs: EPOCH_MS + this.#observed.nowMs() });
    if (type === "NodeRegistrationAckTimedOut" || type === "NodeLivenessExpired") this.#allRead(payload);
  }

  #unconfirmed({ id, serviceId, version }: EntityHistory): string[] {
    const missing: string[] = [];
    if ((this.#written.get(serviceId) ?? 0) < version)
      missing.push(`Consul never had ${serviceId} of version ${version}`);
    const row = this.#observed.database.table("node_registrations").find(({ node_id }) => node_id === id);
    if (Number(row?.["version"] ?? 0) < version) missing.push(`Postgres never had its row of version ${version}`);
    return missing;
  }

  /** G8: a deadline fires when everything that lay in its partition before was read. */
  #allRead(payload: Envelope["payload"]): void {
    const { broker, report } = this.#observed;
    const partition = partitionOf(String(payload["entity_id"]), broker.partitions);
    for (const topic of INPUT) {
      const unread = broker.log(topic, partition)[this.#input.nextOffset(topic, partition)];
      if (unread && unread.brokerTimeMs < Date.parse(String(payload["deadline_at"])))
        report("G8", `${topic} ${unread.offset} lay in the log before the deadline and was not read`);
    }
  }

  /** G7: without faults a deadline that is due fires. */
  checkLateness(): void {
    const { database, report, nowMs, latenessExcusedUntilMs } = this.#observed;
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
        if (now > Math.max(at - EPOCH_MS, latenessExcusedUntilMs() + PERIOD_MS) + LATE_MAX_MS + SLACK_MS)
          report("G7", `${name} of ${String(row["entity_id"])} was due ${Math.round(now - (at - EPOCH_MS))} ms ago`);
    }
  }
}
