import { Fault } from "../../runtime/core/fault.ts";
import type {
  BusDescription,
  BusListener,
  ByTopicPartition,
  EventBus,
  LogEnds,
  OutgoingMessage,
} from "../../runtime/ports/event-bus.ts";
import type { Broker, LogRecord, Member } from "./broker.ts";
import type { Machine } from "./machine.ts";

/** A machine's way to the broker: the product's `EventBus`. */
export class SimBus implements EventBus {
  readonly #broker: Broker;
  readonly #machine: Machine;
  #member: Member | undefined;
  #listener: BusListener | undefined;
  #topics: readonly string[] = [];
  #announced: readonly number[] | undefined;
  /** `topic/partition` -> the next offset to be delivered. Only of what was started. */
  readonly #positions = new Map<string, number>();
  readonly #paused = new Set<number>();
  readonly #fetching = new Set<string>();
  #stopReading: () => void = () => {};

  constructor(broker: Broker, machine: Machine) {
    this.#broker = broker;
    this.#machine = machine;
    machine.whenDead(() => this.#stopReading());
  }

  prepare({ input, output }: { readonly input: readonly string[]; readonly output: readonly string[] }) {
    return this.#request(() => {
      this.#broker.create([...input, ...output]);
      return { partitions: this.#broker.partitions };
    });
  }

  async subscribe(topics: readonly string[], listener: BusListener): Promise<void> {
    this.#topics = topics;
    this.#listener = listener;
    const member: Member = {
      machine: this.#machine,
      onAssigned: (partitions) => {
        this.#stop();
        this.#announced = partitions;
        listener.onAssigned(partitions);
      },
      onRevoked: () => this.#revoke(),
    };
    this.#member = member;
    this.#stopReading = this.#broker.read(({ topic, partition }) => this.#fetch(topic, partition));
    await this.#request(() => this.#broker.subscribe(member));
  }

  startPartition(partition: number, positions: ReadonlyMap<string, number>): void {
    if (!this.#announced?.includes(partition)) return;
    this.#paused.delete(partition);
    for (const topic of this.#topics) {
      const position = positions.get(topic);
      if (position === undefined) throw new Error(`partition ${partition} has no position in ${topic}`);
      this.#positions.set(`${topic}/${partition}`, position);
      this.#fetch(topic, partition);
    }
  }

  pause(partitions: readonly number[]): void {
    for (const partition of partitions) this.#paused.add(partition);
  }

  resume(partitions: readonly number[]): void {
    for (const partition of partitions) {
      this.#paused.delete(partition);
      for (const topic of this.#topics) this.#fetch(topic, partition);
    }
  }

  requestReassignment(): void {
    this.#machine.after(0, () => {
      if (!this.#announced || !this.#member) return;
      this.#revoke();
      this.#broker.ask(this.#member);
    });
  }

  commitPositionsHint(_positions: ByTopicPartition<number>): void {
    this.#machine.countCall();
  }

  /**
   * What goes wrong: nothing is written, or all of it and the answer is lost, or some of its partitions only, or it is
   * written long after it was given up.
   */
  publish(messages: readonly OutgoingMessage[], { timeoutMs }: { readonly timeoutMs: number }) {
    const { network } = this.#broker;
    const { random, scheduler } = network;
    const offsets = new Map<OutgoingMessage, number>();
    const write = (part: readonly OutgoingMessage[]): void => {
      // Within a partition of a topic in order; between them in any.
      const places = new Map<string, OutgoingMessage[]>();
      for (const message of part) {
        const place = `${message.topic}/${message.partition}`;
        places.set(place, [...(places.get(place) ?? []), message]);
      }
      const groups = [...places.values()];
      for (let left = groups.length; left > 0; left--)
        for (const message of groups.splice(random.int(0, left - 1), 1)[0] ?? [])
          offsets.set(message, this.#broker.append(message).offset);
    };
    const half = random.chance(network.faults.bus.partlyDone);
    const lateMs = half && random.chance(0.3) ? random.next() * 2 * Math.min(timeoutMs, 5_000) : undefined;
    return this.#request(() => {
      if (lateMs !== undefined) {
        scheduler.after(lateMs, () => !network.faults.bus.down && write(messages));
        throw unavailable("no answer in time");
      }
      if (half) {
        const topics = [...new Set(messages.map(({ topic }) => topic))].filter(() => random.chance(0.5));
        write(messages.filter(({ topic }) => topics.includes(topic)));
        throw unavailable("not everything was confirmed");
      }
      write(messages);
      return this.#broker.nowMs;
    }).then((brokerTimeMs) => ({
      ...{ brokerTimeMs, receivedAtMs: this.#machine.clock.monotonicMs() },
      offsets: () => messages.map((message) => offsets.get(message) ?? -1),
    }));
  }

  logEnds(topics: readonly string[]): Promise<ByTopicPartition<LogEnds>> {
    return this.#request(() => this.#broker.ends(topics));
  }

  describe(): Promise<BusDescription> {
    return Promise.resolve({ kind: "kafka", version: "simulated", brokers: 1, topics: [] });
  }

  close(): Promise<void> {
    const member = this.#member;
    this.#member = undefined;
    this.#stop();
    this.#announced = undefined;
    this.#stopReading();
    if (!member) return Promise.resolve();
    return this.#request(() => this.#broker.unsubscribe(member)).catch(() => {
      // Unreachable: the group notices when the session ends.
      this.#broker.watchGone(member);
    });
  }

  #request<Result>(work: () => Result): Promise<Result> {
    return this.#broker.network.request(this.#machine, "bus", "BUS_UNAVAILABLE", work);
  }

  #revoke(): void {
    this.#stop();
    if (!this.#announced) return;
    this.#announced = undefined;
    this.#listener?.onRevoked();
  }

  #stop(): void {
    this.#positions.clear();
    this.#paused.clear();
    this.#fetching.clear();
  }

  /** One fetch under way for each partition of a topic: how long it takes is what reorders the topics. */
  #fetch(topic: string, partition: number): void {
    const place = `${topic}/${partition}`;
    const position = this.#positions.get(place);
    if (position === undefined || this.#fetching.has(place) || this.#paused.has(partition)) return;
    const { network } = this.#broker;
    if (this.#broker.log(topic, partition).length <= position) return;
    this.#fetching.add(place);
    const positions = this.#announced;
    this.#machine.after(
      network.oneWayDelayMs("bus") +
        network.random.next() * Math.max(network.readLagMaxMs, network.faults.bus.fetchDelayMaxMs),
      () => {
        if (positions !== this.#announced || !this.#fetching.delete(place)) return;
        if (network.faults.bus.down) return void this.#machine.after(200, () => this.#fetch(topic, partition));
        const at = this.#positions.get(place);
        if (at === undefined || this.#paused.has(partition)) return;
        const log = this.#broker.log(topic, partition);
        const records = log.slice(at, at + (network.readLagMaxMs > 0 ? log.length : network.random.int(1, 50)));
        this.#positions.set(place, at + records.length);
        this.#deliver(records);
        this.#fetch(topic, partition);
      },
    );
  }

  #deliver(records: readonly LogRecord[]): void {
    if (records.length === 0) return;
    const receivedAtMs = this.#machine.clock.monotonicMs();
    this.#listener?.onRecords(records.map((record) => ({ ...record, receivedAtMs })));
  }
}

const unavailable = (what: string): Fault => new Fault("BUS_UNAVAILABLE", what, { retryable: true });
