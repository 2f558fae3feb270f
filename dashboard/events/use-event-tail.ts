import { useEffect, useState } from "preact/hooks";
import { useDomain } from "../domains/domain.ts";
import { type StreamState, subscribeToEvents } from "../shared/event-stream.ts";
import type { PublishedEvent } from "../shared/published-event.ts";
import { pathWithQuery } from "../shared/router.tsx";
import { appendEvents, clearTail, EMPTY_TAIL } from "./event-tail.ts";

/** Events are shown in batches, so that many of them don't make the page slow. */
const RENDER_INTERVAL_MS = 200;

/** The events from now on, of one type or entity where one is given. */
export function useEventTail(type: string | undefined, entityId: string | undefined) {
  const { api } = useDomain();
  const [tail, setTail] = useState(EMPTY_TAIL);
  const [feed, setFeed] = useState<StreamState>();
  useEffect(() => {
    let arrived: PublishedEvent[] = [];
    setTail(clearTail);
    const timer = setInterval(() => {
      if (arrived.length === 0) return;
      const batch = arrived;
      arrived = [];
      setTail((tail) => appendEvents(tail, batch));
    }, RENDER_INTERVAL_MS);
    const handlers = { event: (event: PublishedEvent) => void arrived.push(event), state: setFeed };
    const unsubscribe = subscribeToEvents(
      pathWithQuery(api("/events/stream"), { type, entity_id: entityId }),
      handlers,
    );
    return () => {
      clearInterval(timer);
      unsubscribe();
    };
  }, [type, entityId]);
  return { tail, setTail, feed };
}
