import { setTimeout as sleep } from "node:timers/promises";
import { EmbeddedBroker } from "../../../runtime/adapters/embedded-bus/embedded-broker.ts";
import { EmbeddedBus } from "../../../runtime/adapters/embedded-bus/embedded-bus.ts";
import type { Store } from "../../../runtime/ports/store.ts";
import { ManualClock } from "../../manual-clock.ts";
import { RecordingListener } from "../bus-listener.ts";
import { uniqueTopic } from "../bus-messages.ts";

interface OpenOptions {
  readonly domain?: string;
  readonly broker?: EmbeddedBroker;
  readonly topics?: readonly string[];
  readonly partitions?: number;
  readonly listener?: RecordingListener;
}

/** Buses on a store's log, with a clock that the test moves. */
export class LogStage {
  readonly clock = new ManualClock();
  readonly topic = uniqueTopic("in");
  readonly listener = new RecordingListener();
  readonly #store: Store;
  readonly #buses: EmbeddedBus[] = [];

  constructor(store: Store) {
    this.#store = store;
  }

  /** As after a start of the process. */
  broker(store: Store = this.#store): EmbeddedBroker {
    return new EmbeddedBroker({ store, clock: this.clock });
  }

  /** A bus that is subscribed and assigned, not started. */
  async open(options: OpenOptions = {}): Promise<EmbeddedBus> {
    const { domain = "orders", broker = this.broker(), topics = [this.topic], partitions = 1 } = options;
    const { listener = this.listener } = options;
    const bus = new EmbeddedBus({ broker, domain });
    this.#buses.push(bus);
    await bus.prepare({ input: topics, output: [`${this.topic}-out`], partitions });
    await bus.subscribe(topics, listener);
    const before = listener.assignments.length;
    await this.passUntil(() => listener.assignments.length > before);
    return bus;
  }

  /** Moves the clock in steps until the condition holds, so that retries and sweeps run. */
  async passUntil(condition: () => boolean | Promise<boolean>, stepMs = 10): Promise<void> {
    for (let step = 0; step < 2_000; step += 1) {
      if (await condition()) return;
      this.clock.pass(stepMs);
      await sleep(1);
    }
    throw new Error(`never: ${condition}`);
  }

  async offsets(of = this.topic, partition = 0): Promise<number[]> {
    const rows = await this.#store.query<{ offset: number }>(
      `select "offset" from rollcall.bus_record where topic = $1 and partition = $2 order by "offset"`,
      [of, partition],
    );
    return rows.map(({ offset }) => offset);
  }

  close(): void {
    for (const bus of this.#buses.splice(0)) void bus.close();
  }
}
