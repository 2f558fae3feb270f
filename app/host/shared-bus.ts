import type { BusListener, EventBus } from "../../runtime/ports/event-bus.ts";

/**
 * A bus that outlives the runtimes that have it one after the other: the process stays a member of its consumer group
 * while it goes over to other contracts. Leaving and joining would stop everybody's partitions for as long as the group
 * needs.
 */
export class SharedBus {
  readonly bus: EventBus;
  #topics: readonly string[] | undefined;
  #listener: BusListener | undefined;
  #closed = false;

  constructor(bus: EventBus) {
    this.bus = bus;
  }

  /** Whether a runtime with these input topics can have it. */
  canServe(topics: readonly string[]): boolean {
    const subscribed = this.#topics;
    return (
      !this.#closed &&
      (!subscribed || (subscribed.length === topics.length && topics.every((topic) => subscribed.includes(topic))))
    );
  }

  /** For one runtime: what it closes is its use of the bus. */
  lease(): EventBus {
    const { bus } = this;
    let ownListener: BusListener | undefined;
    let isClosed = false;
    const unlessClosed =
      <Parameters extends readonly unknown[]>(call: (...parameters: Parameters) => void) =>
      (...parameters: Parameters): void => {
        if (!isClosed) call(...parameters);
      };
    return {
      prepare: (topics) => bus.prepare(topics),
      publish: (messages, options) => bus.publish(messages, options),
      logEnds: (topics, options) => bus.logEnds(topics, options),
      describe: (topics) => bus.describe(topics),
      startPartition: unlessClosed((partition, positions) => bus.startPartition(partition, positions)),
      pause: unlessClosed((partitions) => bus.pause(partitions)),
      resume: unlessClosed((partitions) => bus.resume(partitions)),
      requestReassignment: unlessClosed(() => bus.requestReassignment()),
      commitPositionsHint: unlessClosed((positions) => bus.commitPositionsHint(positions)),
      subscribe: async (topics, listener) => {
        this.#listener = ownListener = listener;
        if (this.#topics) return bus.requestReassignment();
        await bus.subscribe(topics, this.#relay);
        this.#topics = topics;
      },
      close: async () => {
        isClosed = true;
        if (this.#listener === ownListener) this.#listener = undefined;
      },
    };
  }

  /** Leaves the group. */
  close(): Promise<void> {
    this.#closed = true;
    return this.bus.close();
  }

  /** What comes while nobody listens is read again: whoever takes over begins at the stored positions. */
  readonly #relay: BusListener = {
    onAssigned: (partitions) => this.#listener?.onAssigned(partitions),
    onRevoked: () => this.#listener?.onRevoked(),
    onRecords: (records) => this.#listener?.onRecords(records),
    onFailure: (error) => this.#listener?.onFailure(error),
  };
}
