import { useEffect, useReducer, useRef, useState } from "preact/hooks";
import { type FeedState, followEvents } from "../shared/event-stream.ts";
import { ask } from "../shared/api.ts";
import { beats, NOBODY, type Played, played, type PlayedAct, type PlayedNode } from "./simulated-nodes.ts";

const BEAT_MS = 4_000;

/** Nodes that this tab plays against the running system; with the tab they fall silent. */
export function usePlayed() {
  const [state, dispatch] = useReducer<Played, PlayedAct>(played, NOBODY);
  const [feed, setFeed] = useState<FeedState>();
  const latest = useRef(state);
  latest.current = state;

  const send = async (node: Pick<PlayedNode, "id">, type: string, payload: object = {}): Promise<void> => {
    const log = (direction: "sent" | "failed", text: string): void =>
      dispatch({ act: "log", line: { at: Date.now(), direction, node: node.id, text } });
    try {
      const body = { payload_type: type, payload: { node_id: node.id, ...payload } };
      await ask("/api/v1/events", { method: "POST", body });
      log("sent", type);
    } catch (error) {
      log("failed", `${type}: ${(error as Error).message}`);
    }
  };
  const introspect = ({ id, type }: Pick<PlayedNode, "id" | "type">): Promise<void> =>
    send({ id }, "NodeIntrospectionEvent", { node_type: type, endpoints: {}, capabilities: ["played-in-a-browser"] });
  const acknowledge = (node: Pick<PlayedNode, "id" | "attemptId">): Promise<void> =>
    send(node, "NodeRegistrationAcked", node.attemptId === null ? {} : { registration_attempt_id: node.attemptId });

  useEffect(() => {
    const end = followEvents(
      {},
      {
        state: setFeed,
        event: (event) => {
          dispatch({ act: "heard", at: Date.now(), event });
          if (event.type !== "NodeRegistrationAccepted") return;
          const node = latest.current.nodes.find(({ id }) => id === event.envelope.payload["node_id"]);
          const attemptId = event.envelope.payload["registration_attempt_id"];
          if (node?.acksByItself && !node.silent)
            void acknowledge({ id: node.id, attemptId: typeof attemptId === "string" ? attemptId : null });
        },
      },
    );
    const timer = setInterval(() => {
      for (const node of latest.current.nodes) if (beats(node)) void send(node, "NodeHeartbeatEvent");
    }, BEAT_MS);
    return () => {
      clearInterval(timer);
      end();
    };
  }, []);

  return { state, feed, dispatch, introspect, acknowledge, send };
}
