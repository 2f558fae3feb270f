import type { BusRecord, ByTopicPartition, LogEnds, OutgoingMessage } from "../../runtime/ports/event-bus.ts";
import { EPOCH_MS, type Machine } from "./machine.ts";
import type { Sent } from "./following/sent.ts";
import type { Network } from "./network.ts";

export type LogRecord = Omit<BusRecord, "receivedAtMs">;

/** A member of the consumer group: one subscription of one process. */
export interface Member {
  readonly machine: Machine;
  onAssigned(partitions: readonly number[]): void;
  onRevoked(): void;
}
interface Membership {
  readonly member: Member;
  /** The generation that it has joined. */
  joined: number;
}

const HEARTBEAT_MS = 1_000;
const REBALANCE_TIMEOUT_MS = 4_000;

/** Topics with partitions, the broker's clock, and one consumer group. */
export class Broker {
  readonly network: Network;
  readonly partitions: number;
  readonly sessionTimeoutMs: number;
  readonly #logs = new Map<string, LogRecord[][]>();
  readonly #readers = new Set<(record: LogRecord) => void>();
  readonly #members = new Map<Member, Membership>();
  /** All who subscribed, members or not. */
  readonly #watching = new Set<Member>();
  #generation = 0;
  #isStable = true;
  #assignment = new Map<Member, readonly number[]>();
  rebalances = 0;
  onRebalance: () => void = () => {};
  /** How messages of senders come: by themselves, or through a process that is asked what becomes of them. */
  onSend: (sent: Sent) => void = ({ publish }) => publish();

  constructor(network: Network, partitions: number, sessionTimeoutMs: number) {
    this.network = network;
    this.partitions = partitions;
    this.sessionTimeoutMs = sessionTimeoutMs;
  }

  get nowMs(): number {
    return Math.floor(EPOCH_MS + this.network.scheduler.nowMs);
  }

  log(topic: string, partition: number): readonly LogRecord[] {
    return this.#logs.get(topic)?.[partition] ?? [];
  }

  create(topics: readonly string[]): void {
    for (const topic of topics)
      if (!this.#logs.has(topic))
        this.#logs.set(
          topic,
          Array.from({ length: this.partitions }, () => []),
        );
  }

  append({ topic, partition, key, value, headers }: OutgoingMessage): LogRecord {
    const log = this.#logs.get(topic)?.[partition];
    if (!log) throw new Error(`no partition ${partition} of ${topic}`);
    const bytes = Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)]));
    const record = { topic, partition, offset: log.length, key, value, headers: bytes, brokerTimeMs: this.nowMs };
    log.push(record);
    for (const read of this.#readers) read(record);
    return record;
  }

  /** Calls back with every record that is appended from now on. @returns ends that */
  read(call: (record: LogRecord) => void): () => void {
    this.#readers.add(call);
    return () => this.#readers.delete(call);
  }

  ends(topics: readonly string[]): ByTopicPartition<LogEnds> {
    return new Map(
      topics.map((topic) => [
        topic,
        new Map((this.#logs.get(topic) ?? []).map((log, partition) => [partition, { low: 0, high: log.length }])),
      ]),
    );
  }

  /** Whether the member belongs to the current generation. */
  isCurrent(member: Member): boolean {
    return this.#isStable && this.#assignment.has(member) && this.#members.get(member)?.joined === this.#generation;
  }
  assignmentOf(member: Member): readonly number[] {
    return this.#assignment.get(member) ?? [];
  }

  join(member: Member): void {
    if (!this.#members.has(member)) this.#members.set(member, { member, joined: 0 });
    this.rebalance();
    this.#joined(member);
  }

  leave(member: Member): void {
    if (this.#members.delete(member)) this.rebalance();
  }

  /** A machine stopped or died: the group notices when its session ends. A paused one may run again by then. */
  endSessionLater(machine: Machine): void {
    this.network.scheduler.after(this.sessionTimeoutMs, () => {
      if (machine.isRunning) return;
      for (const member of this.#members.keys()) if (member.machine === machine) this.leave(member);
    });
  }

  /** It left without leaving the group. */
  watchGone(member: Member): void {
    this.#watching.delete(member);
    this.network.scheduler.after(this.sessionTimeoutMs, () => this.leave(member));
  }

  /** A machine runs again: its members learn at their next heartbeat whether they still belong to the group. */
  checkSession(machine: Machine): void {
    for (const member of this.#watching) if (member.machine === machine) this.#heartbeat(member);
  }

  subscribe(member: Member): void {
    this.#watching.add(member);
    this.#whenReachable(member, () => this.join(member));
  }
  unsubscribe(member: Member): void {
    this.#watching.delete(member);
    this.leave(member);
  }

  /** All members join again; one that does not in time is removed. */
  rebalance(): void {
    const generation = ++this.#generation;
    this.#isStable = false;
    this.rebalances++;
    this.onRebalance();
    for (const { member } of this.#members.values()) this.#heartbeat(member);
    this.network.scheduler.after(REBALANCE_TIMEOUT_MS, () => {
      if (generation !== this.#generation || this.#isStable) return;
      for (const [member, { joined }] of this.#members) if (joined !== generation) this.#members.delete(member);
      this.#settle();
    });
  }

  #heartbeat(member: Member): void {
    const { random } = this.network;
    // A paused machine sends its heartbeat when it runs again.
    member.machine.after(random.next() * HEARTBEAT_MS, () =>
      this.#whenReachable(member, () => {
        if (!this.#watching.has(member) || this.isCurrent(member)) return;
        const membership = this.#members.get(member);
        if (membership?.joined === this.#generation) return;
        if (random.chance(0.7)) member.onRevoked();
        if (membership) this.#joined(member);
        else this.join(member);
      }),
    );
  }

  #whenReachable(member: Member, call: () => void): void {
    if (!member.machine.isRunning) return void member.machine.after(0, () => this.#whenReachable(member, call));
    if (this.network.faults.bus.down) return void member.machine.after(500, () => this.#whenReachable(member, call));
    call();
  }

  #joined(member: Member): void {
    const membership = this.#members.get(member);
    if (!membership || this.#isStable) return;
    membership.joined = this.#generation;
    if ([...this.#members.values()].every(({ joined }) => joined === this.#generation)) this.#settle();
  }

  #settle(): void {
    const { random } = this.network;
    const members = [...this.#members.keys()];
    this.#isStable = true;
    const spread = new Map<Member, number[]>(members.map((member) => [member, []]));
    const shift = random.int(0, 7);
    for (let partition = 0; partition < this.partitions && members.length > 0; partition++)
      spread.get(members[(partition + shift) % members.length] as Member)?.push(partition);
    this.#assignment = spread;
    const generation = this.#generation;
    for (const member of members)
      member.machine.after(random.next() * 100, () => {
        if (generation === this.#generation) member.onAssigned(this.assignmentOf(member));
      });
  }

  /** A member asks whether it still owns what it had. */
  ask(member: Member): void {
    const { random } = this.network;
    member.machine.after(random.next() * 50, () =>
      this.#whenReachable(member, () => {
        if (!this.#watching.has(member)) return;
        if (this.isCurrent(member)) member.onAssigned(this.assignmentOf(member));
        else if (!this.#members.has(member)) this.join(member);
        else if (!this.#isStable) this.#joined(member);
      }),
    );
  }
}
