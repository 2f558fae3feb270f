import { useEffect, useRef, useState } from "preact/hooks";
import { fetchJson } from "../shared/api.ts";
import { type StreamState, subscribeToEvents } from "../shared/event-stream.ts";
import { addLogLine, EMPTY_SIMULATION, receiveEvent, sendsHeartbeats, type SimulatedNode } from "./simulated-nodes.ts";

const HEARTBEAT_MS = 4_000;

export type NodeSimulation = ReturnType<typeof useSimulatedNodes>;

/** Nodes that this page simulates against the running system. They stop sending when the page is left. */
export function useSimulatedNodes() {
  const [simulation, setSimulation] = useState(EMPTY_SIMULATION);
  const [feed, setFeed] = useState<StreamState>();
  const latest = useRef(simulation);
  latest.current = simulation;

  const send = async ({ id }: Pick<SimulatedNode, "id">, type: string, payload: object = {}): Promise<void> => {
    const log = (direction: "sent" | "failed", text: string): void =>
      setSimulation((before) => addLogLine(before, { at: Date.now(), direction, node: id, text }));
    try {
      const body = { payload_type: type, payload: { node_id: id, ...payload } };
      await fetchJson("/api/v1/events", { method: "POST", body });
      log("sent", type);
    } catch (error) {
      log("failed", `${type}: ${(error as Error).message}`);
    }
  };
  const introspect = ({ id, type }: Pick<SimulatedNode, "id" | "type">): Promise<void> => {
    const about = { node_type: type, endpoints: {}, capabilities: ["simulated-in-a-browser"] };
    return send({ id }, "NodeIntrospectionEvent", about);
  };
  const acknowledge = ({ id, attemptId }: Pick<SimulatedNode, "id" | "attemptId">): Promise<void> =>
    send({ id }, "NodeRegistrationAcked", attemptId === null ? {} : { registration_attempt_id: attemptId });

  useEffect(() => {
    const unsubscribe = subscribeToEvents("/api/v1/events/stream", {
      state: setFeed,
      event: (event) => {
        setSimulation((before) => receiveEvent(before, event, Date.now()));
        if (event.type !== "NodeRegistrationAccepted") return;
        const { node_id: nodeId, registration_attempt_id: attemptId } = event.envelope.payload;
        const node = latest.current.nodes.find(({ id }) => id === nodeId);
        if (node?.autoAcks && !node.silent)
          void acknowledge({ id: node.id, attemptId: typeof attemptId === "string" ? attemptId : null });
      },
    });
    const timer = setInterval(() => {
      for (const node of latest.current.nodes) if (sendsHeartbeats(node)) void send(node, "NodeHeartbeatEvent");
    }, HEARTBEAT_MS);
    return () => {
      clearInterval(timer);
      unsubscribe();
    };
  }, []);

  return { simulation, setSimulation, feed, introspect, acknowledge, send };
}
