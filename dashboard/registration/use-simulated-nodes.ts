import { useEffect, useReducer, useRef, useState } from "preact/hooks";
import { type StreamState, subscribeToEvents } from "../shared/event-stream.ts";
import { fetchJson } from "../shared/api.ts";
import {
  sendsHeartbeats,
  EMPTY_SIMULATION,
  type Simulation,
  reduceSimulation,
  type SimulationAction,
  type SimulatedNode,
} from "./simulated-nodes.ts";

const HEARTBEAT_MS = 4_000;

export type NodeSimulation = ReturnType<typeof useSimulatedNodes>;

/** Nodes that this page simulates against the running system. They stop sending when the page is left. */
export function useSimulatedNodes() {
  const [state, dispatch] = useReducer<Simulation, SimulationAction>(reduceSimulation, EMPTY_SIMULATION);
  const [feed, setFeed] = useState<StreamState>();
  const latest = useRef(state);
  latest.current = state;

  const send = async (node: Pick<SimulatedNode, "id">, type: string, payload: object = {}): Promise<void> => {
    const log = (direction: "sent" | "failed", text: string): void =>
      dispatch({ act: "log", line: { at: Date.now(), direction, node: node.id, text } });
    try {
      const body = { payload_type: type, payload: { node_id: node.id, ...payload } };
      await fetchJson("/api/v1/events", { method: "POST", body });
      log("sent", type);
    } catch (error) {
      log("failed", `${type}: ${(error as Error).message}`);
    }
  };
  const introspect = ({ id, type }: Pick<SimulatedNode, "id" | "type">): Promise<void> =>
    send({ id }, "NodeIntrospectionEvent", {
      node_type: type,
      endpoints: {},
      capabilities: ["simulated-in-a-browser"],
    });
  const acknowledge = (node: Pick<SimulatedNode, "id" | "attemptId">): Promise<void> =>
    send(node, "NodeRegistrationAcked", node.attemptId === null ? {} : { registration_attempt_id: node.attemptId });

  useEffect(() => {
    const unsubscribe = subscribeToEvents(
      {},
      {
        state: setFeed,
        event: (event) => {
          dispatch({ act: "received", at: Date.now(), event });
          if (event.type !== "NodeRegistrationAccepted") return;
          const node = latest.current.nodes.find(({ id }) => id === event.envelope.payload["node_id"]);
          const attemptId = event.envelope.payload["registration_attempt_id"];
          if (node?.autoAcks && !node.silent)
            void acknowledge({ id: node.id, attemptId: typeof attemptId === "string" ? attemptId : null });
        },
      },
    );
    const timer = setInterval(() => {
      for (const node of latest.current.nodes) if (sendsHeartbeats(node)) void send(node, "NodeHeartbeatEvent");
    }, HEARTBEAT_MS);
    return () => {
      clearInterval(timer);
      unsubscribe();
    };
  }, []);

  return { state, feed, dispatch, introspect, acknowledge, send };
}
