import type { Assigner, Cluster } from "kafkajs";
import type { ByTopicPartition, LogEnds } from "../../ports/event-bus.ts";
import type { KafkaClient } from "./kafka-client.ts";

/**
 * Asks the leaders where the log of all topics begins and ends: two requests to each, however many topics there are.
 * @param visibleEnd where the log ends for a reader, by the broker's end
 */
export async function fetchLogEnds(
  cluster: Cluster,
  topics: readonly string[],
  visibleEnd: (topic: string, partition: number, high: number) => number,
): Promise<ByTopicPartition<LogEnds>> {
  await cluster.connect();
  await cluster.addMultipleTargetTopics([...topics]);
  await cluster.refreshMetadataIfNecessary();
  const wanted = topics.map((topic) => ({
    topic,
    partitions: cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => ({ partition: partitionId })),
  }));
  const offsets = (fromBeginning: boolean): ReturnType<Cluster["fetchTopicsOffset"]> =>
    cluster.fetchTopicsOffset(wanted.map((topic) => ({ ...topic, fromBeginning })));
  const [highs, lows] = (await Promise.all([offsets(false), offsets(true)])).map(byTopicPartition);
  return new Map(
    wanted.map(({ topic, partitions }) => {
      const ends = partitions.map(({ partition }): [number, LogEnds] => {
        const [low, high] = [lows, highs].map((answer) => answer?.get(`${topic}[${partition}]`));
        if (low === undefined || high === undefined)
          throw new Error(`the broker's answer lacks the ends of ${topic}[${partition}]`);
        return [partition, { low, high: Math.max(low, visibleEnd(topic, partition, high)) }];
      });
      return [topic, new Map(ends)];
    }),
  );
}

const byTopicPartition = (answer: Awaited<ReturnType<Cluster["fetchTopicsOffset"]>>): ReadonlyMap<string, number> =>
  new Map(
    answer.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, offset }) => [`${topic}[${partition}]`, Number(offset)] as const),
    ),
  );

/**
 * kafkajs' admin client sends two requests for each topic, one after the other. Its Cluster can ask for all topics at
 * once, and the only place where kafkajs hands it out is a consumer's assigner: this consumer never runs and joins no
 * group.
 */
export function clusterOf({ kafka }: KafkaClient): Cluster {
  let found: Cluster | undefined;
  const neverAssigns = ({ cluster }: { readonly cluster: Cluster }): Assigner => {
    found = cluster;
    return {} as Assigner;
  };
  kafka.consumer({ groupId: "none", partitionAssigners: [neverAssigns], allowAutoTopicCreation: false });
  if (found === undefined) throw new Error("kafkajs made a consumer without its assigner");
  return found;
}
