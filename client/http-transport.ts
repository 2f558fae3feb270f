import { EventStream } from "./event-stream.ts";
import { NODE_ANSWERS } from "./events.ts";
import { HttpSender } from "./http-sender.ts";
import { Subscribers, tellOne } from "./subscribers.ts";
import type { EventFilter, EventListener, Transport, TransportLog, Unsubscribe } from "./transport.ts";

export interface HttpTransportOptions {
  /** Of a running system: `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly log?: TransportLog;
}

/** Nodes that speak HTTP: messages are posted, answers to all nodes of the process come over one event stream. */
export function httpTransport({ url, log = () => {} }: HttpTransportOptions): Transport {
  const sender = new HttpSender(url);
  const subscribers = new Subscribers();
  const streams = new Set<EventStream>();
  let answers: Promise<void> | undefined;

  const openStream = async (filter: EventFilter, onEvent: EventListener): Promise<EventStream> => {
    const stream = new EventStream({ url, filter, log, onEvent });
    streams.add(stream);
    await stream.open();
    return stream;
  };

  return {
    publish: (message) => sender.send(message),

    async subscribe(nodeId: string, listener: EventListener): Promise<Unsubscribe> {
      const unsubscribe = subscribers.add(nodeId, listener);
      answers ??= openStream({ types: NODE_ANSWERS }, (event) => subscribers.tell(event)).then(() => undefined);
      await answers;
      return unsubscribe;
    },

    async watch(filter: EventFilter, listener: EventListener): Promise<Unsubscribe> {
      const stream = await openStream(filter, (event) => tellOne(listener, event));
      return () => {
        streams.delete(stream);
        stream.close();
      };
    },

    async close(): Promise<void> {
      await sender.close();
      for (const stream of streams) stream.close();
    },
  };
}
