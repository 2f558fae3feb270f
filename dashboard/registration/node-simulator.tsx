import { useState } from "preact/hooks";
import { EntityLink } from "../domains/entity-link.tsx";
import { ErrorMessage } from "../shared/error-message.tsx";
import { Form, SelectField, TextField } from "../shared/fields.tsx";
import { formatClockTime } from "../shared/format.ts";
import { NODE_TYPES } from "./node-types.ts";
import { addNode, changeNode, nextNodeId, removeNode, SIMULATED_NODES_MAX } from "./simulated-nodes.ts";
import type { SimulatedNode, Simulation } from "./simulated-nodes.ts";
import { type NodeSimulation, useSimulatedNodes } from "./use-simulated-nodes.ts";
import "../shared/filter-form.css";
import "./node-simulator.css";

/** Simulates nodes: the page sends what a node sends, and shows the events about it. */
export function NodeSimulator() {
  const nodeSimulation = useSimulatedNodes();
  const { simulation, feed } = nodeSimulation;
  return (
    <section class="card node-simulator">
      <h2>Simulate a node</h2>
      <p class="note">
        It sends the running system what a real node sends: register it, let it acknowledge and send heartbeats, then
        mute it and watch it expire. When you leave this page, the nodes stop sending.
      </p>
      <RegisterForm {...nodeSimulation} />
      <ErrorMessage error={feed?.rejection} title="Could not follow the events for these nodes" />
      {feed && !feed.connected && !feed.rejection && (
        <p class="note" role="status">
          Connection lost; reconnecting.
        </p>
      )}
      <ul class="simulated-nodes">
        {simulation.nodes.map((node) => (
          <SimulatedNodeItem key={node.id} node={node} {...nodeSimulation} />
        ))}
      </ul>
      <SimulationLog log={simulation.log} />
    </section>
  );
}

function RegisterForm({ simulation: { nodes }, setSimulation, introspect }: NodeSimulation) {
  const [id, setId] = useState("mine-1");
  const [type, setType] = useState<string>("effect");
  const isFull = nodes.length >= SIMULATED_NODES_MAX;
  const register = (): void => {
    const node = { id: id.trim(), type };
    setSimulation((before) => addNode(before, node.id, type));
    void introspect(node);
    setId(nextNodeId([...nodes, node], node.id));
  };
  return (
    <Form class="filter-form" onSubmit={register}>
      <TextField
        label="Node id"
        value={id}
        required
        maxLength={255}
        pattern="[A-Za-z0-9._:\-]+"
        title="letters, digits and . _ : -"
        onText={setId}
      />
      <SelectField label="Type" value={type} options={NODE_TYPES} onSelect={setType} />
      <button disabled={isFull || nodes.some((node) => node.id === id.trim())}>Register</button>
      {isFull && <span class="note">At most {SIMULATED_NODES_MAX} nodes can be simulated on a page.</span>}
    </Form>
  );
}

interface SimulatedNodeItemProps extends NodeSimulation {
  readonly node: SimulatedNode;
}

function SimulatedNodeItem({ node, setSimulation, introspect, acknowledge, send }: SimulatedNodeItemProps) {
  const change = (change: Partial<Pick<SimulatedNode, "autoAcks" | "silent">>): void =>
    setSimulation((before) => changeNode(before, node.id, change));
  return (
    <li>
      <span>
        <EntityLink id={node.id} /> <span class="note">{node.type}</span>
      </span>
      <span role="status">
        {node.lastEvent ?? "no events yet"}
        {node.silent && ", muted"}
      </span>
      <span class="choices">
        <button onClick={() => void introspect(node)}>Send introspection</button>
        <button onClick={() => void acknowledge(node)}>Acknowledge</button>
        <button onClick={() => void send(node, "NodeHeartbeatEvent")}>Send heartbeat</button>
        <button aria-pressed={node.silent} onClick={() => change({ silent: !node.silent })}>
          Mute
        </button>
        <button onClick={() => void send(node, "NodeDeregister", { reason: "simulated" })}>Deregister</button>
        <button onClick={() => setSimulation((before) => removeNode(before, node.id))}>Remove</button>
        <label>
          <input
            type="checkbox"
            checked={node.autoAcks}
            onChange={({ currentTarget }) => change({ autoAcks: currentTarget.checked })}
          />{" "}
          acknowledge automatically
        </label>
      </span>
    </li>
  );
}

const DIRECTION_TEXTS = { sent: "sent", received: "received", failed: "failed to send" } as const;

const SimulationLog = ({ log }: Pick<Simulation, "log">) => (
  <>
    <h3>Log</h3>
    {log.length === 0 && <p class="note">Nothing yet: register a node.</p>}
    <ol class="log" tabIndex={0} aria-label="Log, newest first">
      {log.map(({ number, at, direction, node, text }) => (
        <li key={number} class={direction}>
          <time>{formatClockTime(at)}</time> {node} {DIRECTION_TEXTS[direction]} {text}
        </li>
      ))}
    </ol>
  </>
);
