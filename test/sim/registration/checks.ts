import type { JournalLine, StepLine } from "../../../runtime/core/journal.ts";
import { partitionOf } from "../../../runtime/core/murmur2.ts";
import { type Ack, type Heartbeat, NodeJudge } from "../../promises/registration/node-judge.ts";
import { type NodeHistory, REGISTRATION } from "../../promises/registration/node-history.ts";
import { judgeNodesAtRest } from "../../promises/registration/nodes-at-rest.ts";
import type { LogRecord } from "../broker.ts";
import { REFUSED_ADDRESS } from "../catalog.ts";
import { type Committed, type ObservedSystem, positionOf } from "../checks/observed-system.ts";
import { EPOCH_MS } from "../machine.ts";
import type { DomainChecks } from "../simulated-domain.ts";
import { TOPICS } from "./domain.ts";

const SKEW_MS = 5_000;

/**
 * What only the simulation can see of nodes: attempts that were not begun (G1), what the catalogue and Postgres had
 * when one was accepted (G5), rows that go back (G6).
 */
export class NodeChecks implements DomainChecks {
  readonly firings = REGISTRATION.firings;
  readonly judge: NodeJudge;
  readonly #observed: ObservedSystem;
  readonly #acks = new Map<string, Ack>();
  readonly #heartbeats = new Map<string, Heartbeat[]>();
  /** Service -> the newest version that the catalogue has made, or found to be older than what it has. */
  readonly #written = new Map<string, number>();
  /** Node -> its state after its last step. */
  readonly #states = new Map<string, string | null>();

  constructor(observed: ObservedSystem) {
    this.#observed = observed;
    this.judge = new NodeJudge(observed.report, {
      clocksMs: 0,
      knowsRequests: true,
      ack: (messageId) => this.#acks.get(messageId),
      unconfirmed: (entity) => this.#unconfirmed(entity),
      heartbeats: (entityId) => this.#heartbeats.get(entityId) ?? [],
      outages: () =>
        observed.outages.map(({ of, fromMs, toMs }) => ({ of, fromMs: EPOCH_MS + fromMs, toMs: EPOCH_MS + toMs })),
    });
    observed.catalog.onApplied = ({ kind, serviceId, version }) =>
      kind === "register" && this.#written.set(serviceId, Math.max(version, this.#written.get(serviceId) ?? 0));
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

  onStep(line: JournalLine<StepLine>, events: readonly string[]): void {
    const { entity_id, type, correlation_id, attempt_id, origin } = line;
    const state = this.#states.get(entity_id) ?? null;
    this.#states.set(entity_id, line.state);
    // The attempt may be begun by this very step's events, which name the request too.
    if (type === "NodeIntrospectionEvent") this.judge.requested(entity_id, correlation_id, attempt_id);
    if (origin?.topic !== TOPICS.introspection) return;
    const isEnded = state === null || REGISTRATION.ended.includes(state);
    // An introspection starts an attempt when none runs.
    if (isEnded && line.payload["reason"] !== "shutdown" && !events.includes(REGISTRATION.begins.type))
      this.#observed.report("G1", `${positionOf(origin)} started no attempt in ${state}: ${line.reason}`);
  }

  onCommitted({ changes }: Committed): void {
    for (const { table, before, after } of changes)
      if (table.schema.name === "node_registrations" && before && after) {
        const [from, to] = [Number(before["version"]), Number(after["version"])];
        if (from > to)
          this.#observed.report("G6", `the row of ${String(after["node_id"])} goes back from version ${from} to ${to}`);
      }
  }

  #unconfirmed({ id, serviceId, version }: NodeHistory): string[] {
    const missing: string[] = [];
    if ((this.#written.get(serviceId) ?? 0) < version)
      missing.push(`the catalogue never had ${serviceId} of version ${version}`);
    const row = this.#observed.database.table("node_registrations").find(({ node_id }) => node_id === id);
    if (Number(row?.["version"] ?? 0) < version) missing.push(`Postgres never had its row of version ${version}`);
    return missing;
  }

  atRest(): void {
    const { database, catalog, report } = this.#observed;
    const services = [...catalog.services].filter(([, { isRemoved, owner }]) => !isRemoved && owner === catalog.owner);
    const found = {
      entities: new Map(
        database
          .table("entity")
          .map((row) => [String(row["entity_id"]), { state: row["state"], seq: Number(row["seq"]) }]),
      ),
      services: services.map(([serviceId, { nodeId, address, port, status, version }]) => ({
        serviceId,
        entityId: nodeId,
        address: `${address ?? ""}:${port}`,
        isPassing: status === "passing",
        version,
      })),
      rows: database.table("node_registrations").map((row) => ({
        entityId: String(row["node_id"]),
        status: row["status"],
        version: Number(row["version"]),
      })),
      refusedHost: REFUSED_ADDRESS,
    };
    judgeNodesAtRest(this.judge.entities, found, report);
  }
}
