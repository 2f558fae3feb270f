import { useState } from "preact/hooks";
import { ErrorMessage } from "../shared/error-message.tsx";
import { followLink } from "../shared/router.ts";
import { nextNodeId, NODE_TYPES, SIMULATED_NODES_MAX, type SimulatedNode } from "./simulated-nodes.ts";
import { useSimulatedNodes } from "./use-simulated-nodes.ts";
import "./node-simulator.css";

/** Plays nodes: the page says what a node says, and shows what is said to it. */
export function NodeSimulator() {
  const { state, feed, dispatch, introspect, acknowledge, send } = useSimulatedNodes();
  const [id, setId] = useState("mine-1");
  const [type, setType] = useState<string>("effect");
  const { nodes, log } = state;
  const add = (): void => {
    const node = { id: id.trim(), type };
    dispatch({ act: "add", ...node });
    void introspect(node);
    setId(nextNodeId([...nodes, node as SimulatedNode], node.id));
  };
  return (
    <section class="card">
      <h2>Simulate a node</h2>
      <p class="note">
        It sends the running system what a real node sends: register it, let it acknowledge and send heartbeats, then
        mute it and watch it expire. When you leave this page, the nodes stop sending.
      </p>
      <form
        class="filter-form"
        onSubmit={(event) => {
          event.preventDefault();
          add();
        }}
      >
        <label>
          Node id
          <input
            value={id}
            required
            maxLength={255}
            pattern="[A-Za-z0-9._:\-]+"
            title="letters, digits and . _ : -"
            onInput={({ currentTarget }) => setId(currentTarget.value)}
          />
        </label>
        <label>
          Type
          <select value={type} onChange={({ currentTarget }) => setType(currentTarget.value)}>
            {NODE_TYPES.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
        <button disabled={nodes.length >= SIMULATED_NODES_MAX || nodes.some((node) => node.id === id.trim())}>
          Register
        </button>
        {nodes.length >= SIMULATED_NODES_MAX && (
          <span class="note">{SIMULATED_NODES_MAX} nodes at most can be simulated by a page.</span>
        )}
      </form>
      <ErrorMessage error={feed?.rejection} title="Could not follow the events for these nodes" />
      {feed && !feed.connected && !feed.rejection && (
        <p class="note" role="status">
          Connection lost; reconnecting.
        </p>
      )}
      <ul class="simulated-nodes">
        {nodes.map((node) => (
          <li key={node.id}>
            <span>
              <a href={`/nodes/${encodeURIComponent(node.id)}`} onClick={followLink}>
                {node.id}
              </a>{" "}
              <span class="note">{node.type}</span>
            </span>
            <span role="status">
              {node.lastEvent ?? "no events yet"}
              {node.silent && ", muted"}
            </span>
            <span class="choices">
              <button onClick={() => void introspect(node)}>Send introspection</button>
              <button onClick={() => void acknowledge(node)}>Acknowledge</button>
              <button onClick={() => void send(node, "NodeHeartbeatEvent")}>Send heartbeat</button>
              <button
                aria-pressed={node.silent}
                onClick={() => dispatch({ act: "change", id: node.id, change: { silent: !node.silent } })}
              >
                Mute
              </button>
              <button onClick={() => void send(node, "NodeDeregister", { reason: "simulated" })}>Deregister</button>
              <button onClick={() => dispatch({ act: "remove", id: node.id })}>Remove</button>
              <label>
                <input
                  type="checkbox"
                  checked={node.autoAcks}
                  onChange={({ currentTarget }) =>
                    dispatch({ act: "change", id: node.id, change: { autoAcks: currentTarget.checked } })
                  }
                />{" "}
                acknowledge automatically
              </label>
            </span>
          </li>
        ))}
      </ul>
      <h3>Log</h3>
      {log.length === 0 && <p class="note">Nothing yet: register a node.</p>}
      <ol class="log" tabIndex={0} aria-label="Log, newest first">
        {log.map(({ number, at, direction, node, text }) => (
          <li key={number} class={direction}>
            <time>{new Date(at).toLocaleTimeString()}</time> {node} {DIRECTION_TEXTS[direction]} {text}
          </li>
        ))}
      </ol>
    </section>
  );
}

const DIRECTION_TEXTS = { sent: "sent", received: "received", failed: "failed to send" } as const;
