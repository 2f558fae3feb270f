import { FOLLOWS, LIVE } from "../../blackbox/judge-life.ts";
import { partitionOf } from "../../../runtime/core/murmur2.ts";
import type { LogRecord } from "../broker.ts";
import { INPUT, PERIOD_MS, TOPICS } from "../domain.ts";
import { EPOCH_MS } from "../machine.ts";
import type { Change, Values } from "../sql/tables.ts";
import type { Json } from "../sql/values.ts";
import type { Envelope, Evidence } from "./evidence.ts";
import type { IntakeCheck } from "./intake.ts";

const OUTAGE_MS = 3_000;
const SKEW_MS = 5_000;
const LATE_MAX_MS = 2_000;
const SLACK_MS = 200;

export interface Life {
  readonly id: string;
  readonly partition: number;
  state: string | null;
  seq: number;
  attemptId: string;
  number: number;
  /** entity_seq of the attempt's beginning: the version of its intents. */
  version: number;
  serviceId: string;
  promised: string;
  activeAtMs: number;
  node: Readonly<Record<string, unknown>>;
  readonly attempts: Set<string>;
  /** Correlation ids of the introspections taken in, with the attempt that was current then. */
  readonly requests: Map<string, Set<string>>;
}
interface Ack {
  readonly nodeId: string;
  readonly attemptId: unknown;
  readonly correlationId: unknown;
}

/** G2, G5, G7, G8 and G9 by the events of each entity, as they are committed. */
export class LivesCheck {
  readonly #evidence: Evidence;
  readonly #intake: IntakeCheck;
  readonly lives = new Map<string, Life>();
  readonly #acks = new Map<string, Ack>();
  readonly #heartbeats = new Map<string, { readonly atMs: number; readonly eventMs: number }[]>();
  readonly #journalSeq = new Map<number, number>();
  readonly #written = new Map<string, number>();

  constructor(evidence: Evidence, intake: IntakeCheck) {
    this.#evidence = evidence;
    this.#intake = intake;
  }

  /** A change that the catalogue has made, or that a younger one serves. */
  applied(serviceId: string, version: number): void {
    this.#written.set(serviceId, Math.max(version, this.#written.get(serviceId) ?? 0));
  }

  appended({ topic, partition, headers, value, brokerTimeMs }: LogRecord): void {
    if (headers["x-poison"] || (topic !== TOPICS.ack && topic !== TOPICS.heartbeat)) return;
    const payload = JSON.parse(String(value)) as Readonly<Record<string, unknown>>;
    const nodeId = String(payload["node_id"]);
    if (topic === TOPICS.ack) {
      this.#acks.set(String(headers["message_id"]), {
        nodeId,
        attemptId: payload["registration_attempt_id"],
        correlationId: payload["correlation_id"],
      });
      return;
    }
    if (partition !== partitionOf(nodeId, this.#evidence.broker.partitions) || headers["rollcall-repartitioned"])
      return;
    const stated = payload["timestamp"] === undefined ? brokerTimeMs : Date.parse(String(payload["timestamp"]));
    const eventMs = Math.min(Math.max(stated, brokerTimeMs - SKEW_MS), brokerTimeMs);
    const heard = this.#heartbeats.get(nodeId) ?? [];
    heard.push({ atMs: brokerTimeMs, eventMs });
    this.#heartbeats.set(nodeId, heard);
  }

  committed(changes: readonly Change[]): void {
    const rows = changes.flatMap(({ table, after }) => (table.schema.name === "journal" && after ? [after] : []));
    rows.sort((a, b) => Number(a["seq"]) - Number(b["seq"]));
    for (const row of rows) {
      const [partition, seq] = [Number(row["partition"]), Number(row["seq"])];
      if (seq <= (this.#journalSeq.get(partition) ?? 0))
        this.#evidence.say("G4", `the journal of partition ${partition} has a second row ${seq}: two writers`);
      this.#journalSeq.set(partition, seq);
      if (row["kind"] === "event") this.#event(row);
      else if (row["kind"] === "message") this.#message(row);
    }
    for (const { table, before, after } of changes)
      if (
        table.schema.name === "node_registrations" &&
        before &&
        after &&
        Number(before["version"]) > Number(after["version"])
      )
        this.#evidence.say(
          "G6",
          `the row of ${String(after["node_id"])} goes back from version ${String(before["version"])} to ` +
            `${String(after["version"])}`,
        );
  }

  #message(row: Values): void {
    const id = String(row["entity_id"]);
    const life = this.lives.get(id);
    if (row["type"] !== "NodeIntrospectionEvent" || !life) return;
    const request = String(row["correlation_id"]);
    // The attempt may be begun by this very row's events, which follow it.
    life.requests.set(request, (life.requests.get(request) ?? new Set()).add(String(row["attempt_id"])));
  }

  #event(row: Values): void {
    const { payload, payload_type: type } = JSON.parse(String(row["value"])) as Envelope;
    const { broker } = this.#evidence;
    const id = String(payload["entity_id"]);
    const seq = Number(payload["entity_seq"]);
    const say = (promise: string, what: string): void =>
      this.#evidence.say(promise, `${type} ${seq} of ${id}: ${what}`);
    let life = this.lives.get(id);
    if (!life) {
      life = {
        id,
        partition: partitionOf(id, broker.partitions),
        state: null,
        seq: 0,
        attemptId: "",
        number: 0,
        version: 0,
        serviceId: "",
        promised: "",
        activeAtMs: 0,
        node: {},
        attempts: new Set(),
        requests: new Map(),
      };
      this.lives.set(id, life);
    }
    if (seq !== life.seq + 1) say("G4", `follows ${life.seq}`);
    life.seq = seq;
    if (type === "NodeRegistrationInitiated") return this.#initiated(life, payload, say);
    const follows = FOLLOWS[type];
    if (!follows || life.state === null || !follows.from.includes(life.state))
      say(life.state !== null && LIVE.includes(life.state) ? "G5" : "G2", `comes in ${life.state}`);
    if (payload["registration_attempt_id"] !== life.attemptId) say("G5", "is of another attempt than the current one");
    if (type === "NodeRegistrationAccepted") this.#accepted(life, payload, say);
    if (type === "NodeBecameActive") this.#active(life, payload, say);
    if (type === "NodeRegistrationAckTimedOut" || type === "NodeLivenessExpired") this.#deadline(life, payload, say);
    if (type === "NodeUpdated") this.#describe(life, payload["node"]);
    life.state = follows?.to ?? life.state;
  }

  #initiated(life: Life, payload: Envelope["payload"], say: (promise: string, what: string) => void): void {
    const running = life.state !== null && LIVE.includes(life.state) ? life.attemptId : null;
    if (payload["supersedes"] !== running) say("G2", `supersedes ${String(payload["supersedes"])}, not ${running}`);
    life.attemptId = String(payload["registration_attempt_id"]);
    if (life.attempts.has(life.attemptId)) say("G2", "an attempt begins twice");
    life.attempts.add(life.attemptId);
    if (payload["attempt"] !== ++life.number) say("G2", `attempt ${String(payload["attempt"])}, not ${life.number}`);
    const request = String(payload["correlation_id"]);
    life.requests.set(request, (life.requests.get(request) ?? new Set()).add(life.attemptId));
    life.state = "PENDING_REGISTRATION";
    life.version = life.seq;
    life.promised = "";
    this.#describe(life, payload["node"]);
  }

  #describe(life: Life, node: unknown): void {
    life.node = node as Life["node"];
    life.serviceId = `onex-${String(life.node["node_type"])}-${life.id}`;
  }

  #accepted(life: Life, payload: Envelope["payload"], say: (promise: string, what: string) => void): void {
    life.promised = String(payload["ack_deadline"]);
    if ((this.#written.get(life.serviceId) ?? 0) < life.version)
      say("G5", `Consul never had ${life.serviceId} of version ${life.version}`);
    const row = this.#evidence.database.table("node_registrations").find(({ node_id }) => node_id === life.id);
    if (Number(row?.["version"] ?? 0) < life.version)
      say("G5", `Postgres never had its row of version ${life.version}`);
  }

  #active(life: Life, payload: Envelope["payload"], say: (promise: string, what: string) => void): void {
    life.promised = String(payload["liveness_deadline"]);
    life.activeAtMs = this.#evidence.broker.nowMs;
    const ack = this.#acks.get(String(payload["causation_id"]));
    if (ack?.nodeId !== life.id) return say("G5", "no ACK of its own made it so");
    if (ack.attemptId !== undefined && ack.attemptId !== life.attemptId) say("G5", "the ACK was of another attempt");
    if (ack.correlationId !== undefined && !life.requests.get(String(ack.correlationId))?.has(life.attemptId))
      say("G5", "the ACK named a request of another attempt");
  }

  #deadline(life: Life, payload: Envelope["payload"], say: (promise: string, what: string) => void): void {
    const { broker, outages, nowMs } = this.#evidence;
    const told = String(payload["deadline_at"]);
    const atMs = Date.parse(told);
    if (told < life.promised) say("G7", `fired by ${told}, promised was ${life.promised}`);
    if (broker.nowMs < atMs) say("G7", `fired ${atMs - broker.nowMs} ms early`);
    for (const topic of INPUT) {
      const read = this.#intake.position(topic, life.partition);
      const unread = broker.log(topic, life.partition)[read];
      if (unread && unread.brokerTimeMs < atMs)
        say("G8", `${topic} ${unread.offset} lay in the log before the deadline and was not read`);
    }
    if (life.state === "ACTIVE")
      for (const { atMs: heardMs, eventMs } of this.#heartbeats.get(life.id) ?? [])
        if (heardMs > life.activeAtMs && heardMs < atMs && eventMs + PERIOD_MS > atMs)
          say("G8", `a heartbeat of ${new Date(eventMs).toISOString()} is not counted`);
    for (const { of, fromMs, toMs } of outages)
      if (toMs - fromMs > OUTAGE_MS && atMs - EPOCH_MS > fromMs && nowMs() < toMs + PERIOD_MS && nowMs() > fromMs)
        say(
          "G9",
          `the ${of} was out of reach until ${((nowMs() - toMs) / 1_000).toFixed(1)} s before, for ` +
            `${((toMs - fromMs) / 1_000).toFixed(1)} s`,
        );
  }

  /** G7: a deadline that is due fires when nothing is wrong. */
  late(): void {
    const { database, say, nowMs, quietFromMs } = this.#evidence;
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
        if (now > Math.max(at - EPOCH_MS, quietFromMs() + PERIOD_MS) + LATE_MAX_MS + SLACK_MS)
          say("G7", `${name} of ${String(row["entity_id"])} was due ${Math.round(now - (at - EPOCH_MS))} ms ago`);
    }
  }
}
