import { useState } from "preact/hooks";
import { Trouble } from "../shared/error-message.tsx";
import { follow } from "../shared/router.ts";
import { nextId, NODE_TYPES, NODES_MAX, type PlayedNode } from "./simulated-nodes.ts";
import { usePlayed } from "./use-simulated-nodes.ts";
import "./node-simulator.css";

/** Plays nodes: the page says what a node says, and shows what is said to it. */
export function Player() {
  const { state, feed, dispatch, introspect, acknowledge, send } = usePlayed();
  const [id, setId] = useState("mine-1");
  const [type, setType] = useState<string>("effect");
  const { nodes, log } = state;
  const add = (): void => {
    const node = { id: id.trim(), type };
    dispatch({ act: "add", ...node });
    void introspect(node);
    setId(nextId([...nodes, node as PlayedNode], node.id));
  };
  return (
    <section class="card">
      <h2>Play a node</h2>
      <p class="note">
        It says what a real one says, to the running system: introduce it, let it acknowledge and beat, then let it fall
        silent and watch it expire. When this page is left, the nodes fall silent.
      </p>
      <form
        class="filter"
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
        <button disabled={nodes.length >= NODES_MAX || nodes.some((node) => node.id === id.trim())}>Introduce</button>
        {nodes.length >= NODES_MAX && <span class="note">{NODES_MAX} nodes are the most a page plays.</span>}
      </form>
      <Trouble error={feed?.refused} what="What is said to the nodes can't be heard" />
      {feed && !feed.connected && !feed.refused && (
        <p class="note" role="status">
          The connection is lost; trying again.
        </p>
      )}
      <ul class="played">
        {nodes.map((node) => (
          <li key={node.id}>
            <span>
              <a href={`/nodes/${encodeURIComponent(node.id)}`} onClick={follow}>
                {node.id}
              </a>{" "}
              <span class="note">{node.type}</span>
            </span>
            <span role="status">
              {node.heard ?? "nothing heard yet"}
              {node.silent && ", silent"}
            </span>
            <span class="choices">
              <button onClick={() => void introspect(node)}>Introduce again</button>
              <button onClick={() => void acknowledge(node)}>Acknowledge</button>
              <button onClick={() => void send(node, "NodeHeartbeatEvent")}>Beat once</button>
              <button
                aria-pressed={node.silent}
                onClick={() => dispatch({ act: "change", id: node.id, change: { silent: !node.silent } })}
              >
                Silent
              </button>
              <button onClick={() => void send(node, "NodeDeregister", { reason: "played" })}>Deregister</button>
              <button onClick={() => dispatch({ act: "remove", id: node.id })}>Let go</button>
              <label>
                <input
                  type="checkbox"
                  checked={node.acksByItself}
                  onChange={({ currentTarget }) =>
                    dispatch({ act: "change", id: node.id, change: { acksByItself: currentTarget.checked } })
                  }
                />{" "}
                acknowledges by itself
              </label>
            </span>
          </li>
        ))}
      </ul>
      <h3>What was said</h3>
      {log.length === 0 && <p class="note">Nothing yet: introduce a node.</p>}
      <ol class="log" tabIndex={0} aria-label="What was said, newest first">
        {log.map(({ number, at, direction, node, text }) => (
          <li key={number} class={direction}>
            <time>{new Date(at).toLocaleTimeString()}</time> {node} {SIGNS[direction]} {text}
          </li>
        ))}
      </ol>
    </section>
  );
}

const SIGNS = { sent: "says", came: "hears", failed: "could not say" } as const;
