import { useEffect, useReducer, useState } from "preact/hooks";
import { type StreamState, subscribeToEvents, type PublishedEvent } from "../shared/event-stream.ts";
import { EMPTY_TAIL, pauseTail, resumeTail, type EventTail, appendEvents } from "./event-tail.ts";

type TailAction = "pause" | "resume" | "clear" | readonly PublishedEvent[];
/** However many come, the page is drawn so often at most. */
const RENDER_INTERVAL_MS = 200;

const reduceTail = (tail: EventTail, action: TailAction): EventTail =>
  action === "pause"
    ? pauseTail(tail)
    : action === "resume"
      ? resumeTail(tail)
      : action === "clear"
        ? { ...EMPTY_TAIL, paused: tail.paused }
        : appendEvents(tail, action);

/** The events from now on, of one type or node where that is asked for. */
export function useEventTail(
  type: string | undefined,
  nodeId: string | undefined,
): {
  readonly tail: EventTail;
  readonly feed: StreamState | undefined;
  readonly act: (act: "pause" | "resume" | "clear") => void;
} {
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
