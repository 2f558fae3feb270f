import { decodeEvent, EVENTS_FOR_NODES, type RegistrationEvent } from "./events.ts";
import { createKafka, type KafkaAccess } from "./kafka-connection.ts";
import { KafkaFeed, type KafkaFeedOptions } from "./kafka-feed.ts";
import { KafkaSender } from "./kafka-sender.ts";
import { encodeMessage, type NodeMessage } from "./messages.ts";
import { Subscribers, notifyListener } from "./subscribers.ts";
import { topicOf, type TopicPrefix } from "./topics.ts";
import type { EventFilter, EventListener, Transport, TransportLog, Unsubscribe } from "./transport.ts";

export interface KafkaTransportOptions extends KafkaAccess, TopicPrefix {
  readonly log?: TransportLog;
}

/** Kafka: one producer, and one consumer of the answer topics, for all nodes of the process. */
export function kafkaTransport(options: KafkaTransportOptions): Transport {
  const log = options.log ?? (() => {});
  const kafka = createKafka(options, log);
  const sender = new KafkaSender(kafka, log);
  const subscribers = new Subscribers();
  const feeds = new Set<KafkaFeed>();
  let answers: Promise<void> | undefined;

  const openFeed = async (
    types: EventFilter["types"],
    wantsKey: (key: string) => boolean,
    onEvent: (event: RegistrationEvent) => void,
  ): Promise<KafkaFeed> => {
    const topics = types.map((type) => topicOf(type, options));
    const feed = new KafkaFeed({ kafka, log, topics, onRecord: eventsOf(wantsKey, onEvent) });
    feeds.add(feed);
    await feed.open();
    return feed;
  };

  return {
    publish(message: NodeMessage): Promise<void> {
      const { id, type, nodeId, correlationId } = message;
      const headers = { "content-type": "application/json", message_id: id, correlation_id: correlationId };
      return sender.send({ topic: topicOf(type, options), key: nodeId, value: encodeMessage(message), headers });
    },

    async subscribe(nodeId: string, listener: EventListener): Promise<Unsubscribe> {
      const unsubscribe = subscribers.add(nodeId, listener);
      answers ??= openFeed(
        EVENTS_FOR_NODES,
        (key) => subscribers.has(key),
        (event) => subscribers.notify(event),
      ).then(() => undefined);
      await answers;
      return unsubscribe;
    },

    async watch({ types, nodeId }: EventFilter, listener: EventListener): Promise<Unsubscribe> {
      const feed = await openFeed(
        types,
        (key) => nodeId === undefined || key === nodeId,
        (event) => notifyListener(listener, event),
      );
      return () => {
        feeds.delete(feed);
        void feed.close();
      };
    },

    async close(): Promise<void> {
      await Promise.all([sender.close(), ...[...feeds].map((feed) => feed.close())]);
    },
  };
}

/** Decodes the records of wanted keys; values that are no known event are ignored. */
const eventsOf =
  (wantsKey: (key: string) => boolean, onEvent: (event: RegistrationEvent) => void): KafkaFeedOptions["onRecord"] =>
  (key, value) => {
    const event = key !== undefined && wantsKey(key) ? decodeEvent(value.toString()) : undefined;
    if (event) onEvent(event);
  };
