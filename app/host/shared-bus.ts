import type { BusListener, EventBus } from "../../runtime/ports/event-bus.ts";

/**
 * A bus that successive runtimes use, so that the process stays a member of its consumer group while it changes to
 * other contracts. Leaving and rejoining would stop the partitions of all members during the rebalance.
 */
export class SharedBus {
  readonly bus: EventBus;
  /** Sorted, as one text. */
  #topics: string | undefined;
  #listener: BusListener | undefined;
  #closed = false;

  constructor(bus: EventBus) {
    this.bus = bus;
  }

  /** Whether a runtime with these input topics can use it. */
  canServe(topics: readonly string[]): boolean {
    return !this.#closed && (this.#topics === undefined || this.#topics === topics.toSorted().join());
  }

  /** The bus for one runtime: `close` ends that runtime's use, and the process stays in its group. */
  lease(): EventBus {
    const { bus } = this;
    let ownListener: BusListener | undefined;
    let open: EventBus | undefined = bus;
    return {
      prepare: (topics) => bus.prepare(topics),
      publish: (messages, options) => bus.publish(messages, options),
      logEnds: (topics, options) => bus.logEnds(topics, options),
      describe: (topics) => bus.describe(topics),
      startPartition: (partition, positions) => open?.startPartition(partition, positions),
      pause: (partitions) => open?.pause(partitions),
      resume: (partitions) => open?.resume(partitions),
      requestReassignment: () => open?.requestReassignment(),
      commitPositionsHint: (positions) => open?.commitPositionsHint(positions),
      subscribe: async (topics, listener) => {
        this.#listener = ownListener = listener;
        if (this.#topics !== undefined) return bus.requestReassignment();
        await bus.subscribe(topics, this.#relay);
        this.#topics = topics.toSorted().join();
      },
      close: async () => {
        open = undefined;
        if (this.#listener === ownListener) this.#listener = undefined;
      },
    };
  }

  /** Leaves the consumer group. */
  close(): Promise<void> {
    this.#closed = true;
    return this.bus.close();
  }

  /** Records that arrive between two runtimes are read again: a runtime begins at the stored positions. */
  readonly #relay: BusListener = {
    onAssigned: (partitions) => this.#listener?.onAssigned(partitions),
    onRevoked: () => this.#listener?.onRevoked(),
    onRecords: (records) => this.#listener?.onRecords(records),
    onFailure: (error) => this.#listener?.onFailure(error),
  };
}
