import { useEffect, useReducer, useState } from "preact/hooks";
import { type StreamState, subscribeToEvents } from "../shared/event-stream.ts";
import type { PublishedEvent } from "../shared/published-event.ts";
import { appendEvents, EMPTY_TAIL, type EventTail, pauseTail, resumeTail } from "./event-tail.ts";

type TailAction = "pause" | "resume" | "clear" | readonly PublishedEvent[];
/** Events are shown in batches, so that many of them don't make the page slow. */
const RENDER_INTERVAL_MS = 200;

function reduceTail(tail: EventTail, action: TailAction): EventTail {
  if (action === "pause") return pauseTail(tail);
  if (action === "resume") return resumeTail(tail);
  if (action === "clear") return { ...EMPTY_TAIL, paused: tail.paused };
  return appendEvents(tail, action);
}

/** The events from now on, of one type or node where one is given. */
export function useEventTail(type: string | undefined, nodeId: string | undefined) {
  const [tail, act] = useReducer<EventTail, TailAction>(reduceTail, EMPTY_TAIL);
  const [feed, setFeed] = useState<StreamState>();
  useEffect(() => {
    let arrived: PublishedEvent[] = [];
    act("clear");
    const timer = setInterval(() => {
      if (arrived.length === 0) return;
      act(arrived);
      arrived = [];
    }, RENDER_INTERVAL_MS);
    const filter = { ...(type !== undefined && { type }), ...(nodeId !== undefined && { node_id: nodeId }) };
    const unsubscribe = subscribeToEvents(filter, { event: (event) => void arrived.push(event), state: setFeed });
    return () => {
      clearInterval(timer);
      unsubscribe();
    };
  }, [type, nodeId]);
  return { tail, feed, act };
}
