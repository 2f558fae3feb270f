import { useEffect, useReducer, useState } from "preact/hooks";
import { type FeedState, followEvents, type PublishedEvent } from "../shared/event-stream.ts";
import { EMPTY_TAIL, paused, resumed, type Tail, withEvents } from "./event-tail.ts";

type Act = "pause" | "resume" | "clear" | readonly PublishedEvent[];
/** However many come, the page is drawn so often at most. */
const DRAWN_EVERY_MS = 200;

const next = (tail: Tail, act: Act): Tail =>
  act === "pause"
    ? paused(tail)
    : act === "resume"
      ? resumed(tail)
      : act === "clear"
        ? { ...EMPTY_TAIL, paused: tail.paused }
        : withEvents(tail, act);

/** The events from now on, of one type or node where that is asked for. */
export function useTail(
  type: string | undefined,
  nodeId: string | undefined,
): {
  readonly tail: Tail;
  readonly feed: FeedState | undefined;
  readonly act: (act: "pause" | "resume" | "clear") => void;
} {
  const [tail, act] = useReducer<Tail, Act>(next, EMPTY_TAIL);
  const [feed, setFeed] = useState<FeedState>();
  useEffect(() => {
    let came: PublishedEvent[] = [];
    act("clear");
    const timer = setInterval(() => {
      if (came.length === 0) return;
      act(came);
      came = [];
    }, DRAWN_EVERY_MS);
    const filter = { ...(type !== undefined && { type }), ...(nodeId !== undefined && { node_id: nodeId }) };
    const end = followEvents(filter, { event: (event) => void came.push(event), state: setFeed });
    return () => {
      clearInterval(timer);
      end();
    };
  }, [type, nodeId]);
  return { tail, feed, act };
}
