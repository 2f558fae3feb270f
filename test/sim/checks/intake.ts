import type { LogRecord } from "../broker.ts";
import { INPUT, TOPICS } from "../domain.ts";
import { EPOCH_MS } from "../machine.ts";
import type { Change, Values } from "../sql/tables.ts";
import type { Json } from "../sql/values.ts";
import { type Evidence, placeOf } from "./evidence.ts";

const ENDED = [null, "REJECTED", "ACK_TIMED_OUT", "LIVENESS_EXPIRED", "DEREGISTERED"];
const HOLD_UP_MAX_MS = 2_000;
const SLACK_MS = 200;

interface Body {
  readonly origin?: { readonly topic: string; readonly partition: number; readonly offset: number };
  readonly message?: {
    readonly payload: Readonly<Record<string, unknown>>;
    readonly origin?: { readonly topic: string; readonly partition: number; readonly offset: number };
  };
  readonly before?: { readonly state: string | null };
  readonly decision?: {
    readonly result: string;
    readonly reason: string;
    readonly events: readonly { readonly type: string }[];
  };
}

/** G1 and G11: each input record is processed once, in the transaction that moves the position past it. */
export class IntakeCheck {
  readonly #evidence: Evidence;
  /** Records that were made invalid, by place. */
  readonly #poison = new Set<string>();
  readonly #taken = new Set<string>();
  readonly #positions = new Map<string, number>();
  readonly #dead = new Set<string>();

  constructor(evidence: Evidence) {
    this.#evidence = evidence;
  }

  position(topic: string, partition: number): number {
    return this.#positions.get(`${topic}/${partition}`) ?? 0;
  }

  appended(record: LogRecord): void {
    if (record.headers["x-poison"]) this.#poison.add(placeOf(record));
  }

  committed(changes: readonly Change[]): void {
    const told = new Set<string>();
    for (const { table, after } of changes) if (table.schema.name === "journal" && after) this.#journaled(after, told);
    for (const { table, after } of changes) if (table.schema.name === "dead_letter" && after) this.#deadLettered(after);
    for (const { table, before, after } of changes)
      if (table.schema.name === "source_offset" && after) this.#moved(before, after, told);
  }

  #journaled(row: Values, told: Set<string>): void {
    const { report } = this.#evidence;
    const kind = row["kind"];
    if (kind === "event" || kind === "gap" || !row["body"]) return;
    const body = (row["body"] as Json).value as Body;
    const origin = body.message?.origin ?? body.origin;
    if (!origin) return;
    const place = placeOf(origin);
    if (told.has(place)) report("G1", `${place} is journaled twice in one transaction`);
    told.add(place);
    if (kind === "dead_letter" || kind === "repartitioned") return;
    const id = `${String(row["entity_id"])} ${String(row["type"])} ${String(row["message_id"])}`;
    if (kind === "repeat" && !this.#taken.has(id)) report("G1", `${place} is journaled as a repeat and is none`);
    if (kind === "message") {
      if (this.#taken.has(id)) report("G3", `${place} repeats a message (${id}) and is processed a second time`);
      this.#taken.add(id);
      this.#decided(place, body);
    }
  }

  /** An introspection begins an attempt where none runs; each decision has a reason. */
  #decided(place: string, { message, before, decision }: Body): void {
    const { report } = this.#evidence;
    if (!place.startsWith(TOPICS.introspection) || !decision) return;
    if (decision.reason === "") report("G1", `${place} came to nothing, and no reason is given`);
    const isEnded = ENDED.includes(before?.state ?? null);
    const begins = decision.events.some(({ type }) => type === "NodeRegistrationInitiated");
    if (isEnded && message?.payload["reason"] !== "shutdown" && !begins)
      report("G1", `${place} came in ${String(before?.state)} and began no attempt: ${decision.reason}`);
  }

  #deadLettered(row: Values): void {
    const { report } = this.#evidence;
    const place = placeOf({ topic: row["topic"], partition: row["partition"], offset: row["offset"] });
    if (!this.#poison.has(place))
      report("G11", `${place} is a dead letter (${String(row["error_code"])}) and was good`);
    if (this.#dead.has(place)) report("G11", `${place} is a dead letter twice`);
    this.#dead.add(place);
  }

  #moved(before: Values | null, after: Values, told: ReadonlySet<string>): void {
    const { report } = this.#evidence;
    const [topic, partition] = [String(after["topic"]), Number(after["partition"])];
    const from = Number(before?.["next_offset"] ?? 0);
    const to = Number(after["next_offset"]);
    if (to < from) report("G1", `the position of ${topic}/${partition} goes back from ${from} to ${to}`);
    this.#positions.set(`${topic}/${partition}`, to);
    // Heartbeats that change nothing are not journaled.
    for (let offset = from; offset < to; offset++) {
      const place = placeOf({ topic, partition, offset });
      if (topic !== TOPICS.heartbeat && !told.has(place))
        report("G1", `${place} was passed and no journal row says what became of it`);
      if (this.#poison.has(place) && !this.#dead.has(place))
        report("G11", `${place} can't be processed and is no dead letter`);
    }
  }

  /** Without faults no record waits for longer than 2 s. */
  checkLateness(): void {
    const { broker, report, nowMs, quietFromMs } = this.#evidence;
    const now = nowMs();
    if (quietFromMs() > now - HOLD_UP_MAX_MS - SLACK_MS) return;
    for (const topic of INPUT)
      for (let partition = 0; partition < broker.partitions; partition++) {
        const unread = broker.log(topic, partition)[this.position(topic, partition)];
        if (unread && unread.brokerTimeMs - EPOCH_MS < now - HOLD_UP_MAX_MS - SLACK_MS)
          report("G11", `${placeOf(unread)} has waited for ${Math.round(now - (unread.brokerTimeMs - EPOCH_MS))} ms`);
      }
  }
}
