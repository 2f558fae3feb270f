import { EventStream, registrationEvents } from "./event-stream.ts";
import { EVENTS_FOR_NODES } from "./events.ts";
import type { HttpAccess } from "./http-access.ts";
import { HttpSender } from "./http-sender.ts";
import { Subscribers, notifyListener } from "./subscribers.ts";
import type { EventFilter, EventListener, Transport, TransportLog, Unsubscribe } from "./transport.ts";

export interface HttpTransportOptions extends HttpAccess {
  readonly log?: TransportLog;
}

/** HTTP: messages are posted, and one event stream delivers the answers to all nodes of the process. */
export function httpTransport({ url, token, log = () => {} }: HttpTransportOptions): Transport {
  const sender = new HttpSender({ url, token });
  const subscribers = new Subscribers();
  const streams = new Set<EventStream>();
  let answers: Promise<void> | undefined;

  const openStream = async (filter: EventFilter, onEvent: EventListener): Promise<EventStream> => {
    const stream = new EventStream({ url, token, log, ...registrationEvents(filter, onEvent) });
    streams.add(stream);
    try {
      await stream.open();
    } catch (error) {
      streams.delete(stream);
      throw error;
    }
    return stream;
  };

  return {
    publish: (message) => sender.send(message),

    async subscribe(nodeId: string, listener: EventListener): Promise<Unsubscribe> {
      const unsubscribe = subscribers.add(nodeId, listener);
      answers ??= openStream({ types: EVENTS_FOR_NODES }, (event) => subscribers.notify(event)).then(() => undefined);
      try {
        await answers;
      } catch (error) {
        unsubscribe();
        answers = undefined;
        throw error;
      }
      return unsubscribe;
    },

    async watch(filter: EventFilter, listener: EventListener): Promise<Unsubscribe> {
      const stream = await openStream(filter, (event) => notifyListener(listener, event));
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
