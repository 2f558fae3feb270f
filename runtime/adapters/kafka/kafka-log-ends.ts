import { setTimeout as sleep } from "node:timers/promises";
import type { Assigner, Cluster } from "kafkajs";
import type { ByTopicPartition, LogEnds } from "../../ports/event-bus.ts";
import { KafkaClient } from "./kafka-client.ts";
import { PendingWork, busUnavailable, withTimeout } from "./kafka-faults.ts";
import type { KafkaSettings } from "./kafka-options.ts";

interface Connection {
  readonly client: KafkaClient;
  readonly cluster: Cluster;
}

const backoffMs = 100;

/**
 * Asks the leaders where the log of all topics begins and ends: two requests to each, however many topics there are.
 */
export class KafkaLogEnds {
  readonly #settings: KafkaSettings;
  #connection: Connection | undefined;
  #closed = false;
  readonly #pending = new PendingWork();

  constructor(settings: KafkaSettings) {
    this.#settings = settings;
  }

  /** @throws Fault BUS_UNAVAILABLE */
  async fetch(topics: readonly string[], timeoutMs: number): Promise<ByTopicPartition<LogEnds>> {
    const { clock } = this.#settings;
    const deadlineAt = clock.monotonicMs() + timeoutMs;
    const what = "asking for the ends of the log";
    for (;;) {
      const leftMs = Math.ceil(deadlineAt - clock.monotonicMs());
      if (this.#closed || leftMs <= 0) throw busUnavailable(what);
      const connection = (this.#connection ??= openConnection(this.#settings));
      try {
        return await withTimeout(leftMs, what, this.#pending.track(fetchLogEnds(connection.cluster, topics)));
      } catch (error) {
        // Leaders may have moved, and a new connection reads the metadata again. Another call may have replaced it
        // already.
        connection.client.destroy();
        if (this.#connection === connection) this.#connection = undefined;
        if (this.#closed || clock.monotonicMs() + backoffMs >= deadlineAt) throw busUnavailable(what, error);
      }
      await sleep(backoffMs);
    }
  }

  destroy(): void {
    this.#closed = true;
    this.#pending.rejectAll("the bus was closed");
    this.#connection?.client.destroy();
    this.#connection = undefined;
  }
}

async function fetchLogEnds(cluster: Cluster, topics: readonly string[]): Promise<ByTopicPartition<LogEnds>> {
  await cluster.connect();
  await cluster.addMultipleTargetTopics([...topics]);
  await cluster.refreshMetadataIfNecessary();
  const wanted = topics.map((topic) => ({
    topic,
    partitions: cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => ({ partition: partitionId })),
  }));
  const [highs, lows] = await Promise.all(
    [false, true].map((fromBeginning) =>
      cluster.fetchTopicsOffset(wanted.map((topic) => ({ ...topic, fromBeginning }))),
    ),
  );
  return new Map(
    wanted.map(({ topic, partitions }) => {
      const [high, low] = [highs, lows].map((answer) => offsetsOf(answer, topic));
      return [topic, new Map(partitions.map(({ partition }) => [partition, endsOf(topic, partition, low, high)]))];
    }),
  );
}

type Answer = Awaited<ReturnType<Cluster["fetchTopicsOffset"]>>;

const offsetsOf = (answer: Answer | undefined, topic: string): ReadonlyMap<number, number> =>
  new Map(
    answer
      ?.find((found) => found.topic === topic)
      ?.partitions.map(({ partition, offset }) => [partition, Number(offset)]),
  );

function endsOf(
  topic: string,
  partition: number,
  lows: ReadonlyMap<number, number> | undefined,
  highs: ReadonlyMap<number, number> | undefined,
): LogEnds {
  const [low, high] = [lows?.get(partition), highs?.get(partition)];
  if (low === undefined || high === undefined)
    throw new Error(`the broker's answer lacks the ends of ${topic}[${partition}]`);
  return { low, high };
}

/**
 * kafkajs' admin client sends two requests for each topic, one after the other. Its Cluster can ask for all topics at
 * once, and the only place where kafkajs hands it out is a consumer's assigner: this consumer never runs and joins no
 * group.
 */
function openConnection(settings: KafkaSettings): Connection {
  const client = new KafkaClient(settings);
  let cluster: Cluster | undefined;
  const neverAssigns = (given: { readonly cluster: Cluster }): Assigner => {
    cluster = given.cluster;
    return {
      name: "none",
      version: 0,
      assign: () => Promise.resolve([]),
      protocol: () => ({ name: "none", metadata: Buffer.alloc(0) }),
    };
  };
  client.kafka.consumer({ groupId: "none", partitionAssigners: [neverAssigns], allowAutoTopicCreation: false });
  if (cluster === undefined) throw new Error("kafkajs made a consumer without its assigner");
  return { client, cluster };
}
