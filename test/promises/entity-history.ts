import type { HistoryEvent } from "./history.ts";
import type { PromiseId } from "./promises.ts";

export type Say = (promise: PromiseId, what: string) => void;

/** What the events of a domain say of an entity's life (protocol.md). */
export interface Protocol {
  /** The field of each event that has the id of its attempt. */
  readonly attemptField: string;
  /** The event that begins an attempt, and the state that it leads to. */
  readonly begins: { readonly type: string; readonly to: string };
  /** Only the first such event begins an attempt. */
  readonly isOneLife?: boolean;
  /** Which other event may come in which state, and the state that it leads to. */
  readonly follows: Readonly<Record<string, { readonly from: readonly string[]; readonly to: string }>>;
  /** States in which no attempt runs. */
  readonly ended: readonly string[];
  /** States in which an attempt can't remain. */
  readonly underWay: readonly string[];
  /** Fields of events that promise a deadline. */
  readonly promisedBy: readonly string[];
  /** Events that a deadline has, which they name as `deadline_at`. */
  readonly firings: readonly string[];
}

/** What the events of one entity, taken in order, say about it. */
export class EntityHistory {
  readonly id: string;
  readonly protocol: Protocol;
  state: string | null = null;
  /** entity_seq of the last event. */
  seq = 0;
  attemptId: unknown = "";
  attempt = 0;
  /** entity_seq of the attempt's first event: the version of its intents. */
  version = 0;
  /** The deadline that was promised last in this attempt, and the time from the promise until then. */
  promisedDeadline = "";
  periodMs = 0;
  readonly #attempts = new Set<unknown>();

  constructor(id: string, protocol: Protocol) {
    this.id = id;
    this.protocol = protocol;
  }

  get hasEnded(): boolean {
    return this.state !== null && this.protocol.ended.includes(this.state);
  }

  get isUnderWay(): boolean {
    return this.state !== null && this.protocol.underWay.includes(this.state);
  }

  /** The next event: G2 by what may follow what, G4 by its number, G5 by its attempt, G7 by the promised deadline. */
  add(event: HistoryEvent, say: Say): void {
    const seq = Number(event.payload["entity_seq"]);
    if (seq !== this.seq + 1) say("G4", `follows ${this.seq}`);
    this.seq = seq;
    const { begins, isOneLife = false } = this.protocol;
    if (event.type === begins.type && !(isOneLife && this.attempt > 0)) this.begin(event.payload, say);
    else this.goOn(event, say);
  }

  /** It was purged: one with its id begins anew, and goes on from its number. */
  purge(): void {
    this.state = null;
    this.attempt = 0;
    this.attemptId = "";
    this.promisedDeadline = "";
  }

  protected begin(payload: HistoryEvent["payload"], say: Say): void {
    this.attemptId = payload[this.protocol.attemptField];
    if (this.#attempts.has(this.attemptId)) say("G2", "an attempt begins twice");
    this.#attempts.add(this.attemptId);
    if (payload["attempt"] !== ++this.attempt) say("G2", `attempt ${String(payload["attempt"])}, not ${this.attempt}`);
    this.state = this.protocol.begins.to;
    this.version = this.seq;
    this.promisedDeadline = "";
  }

  protected goOn({ type, payload }: HistoryEvent, say: Say): void {
    const { follows: all, ended, attemptField, promisedBy } = this.protocol;
    const follows = all[type];
    if (!follows) say("G2", "an event that the protocol does not have");
    else if (ended.includes(follows.to) && this.hasEnded) say("G2", `a second end, behind ${this.state}`);
    else if (this.state === null || !follows.from.includes(this.state)) say("G5", `comes in ${this.state}`);
    if (payload[attemptField] !== this.attemptId) say("G5", "is of another attempt than the current one");
    if (payload["attempt"] !== this.attempt)
      say("G5", `says attempt ${String(payload["attempt"])}, not ${this.attempt}`);
    const promised = promisedBy.map((field) => payload[field]).find((deadline) => deadline !== undefined);
    if (promised !== undefined) {
      this.promisedDeadline = String(promised);
      this.periodMs = Date.parse(this.promisedDeadline) - Date.parse(String(payload["emitted_at"]));
    }
    this.state = follows?.to ?? this.state;
  }
}
