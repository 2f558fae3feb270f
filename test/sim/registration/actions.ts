import type { Actions } from "../simulated-domain.ts";
import { TOPICS } from "./domain.ts";
import type { SimNode } from "./node.ts";

export const actionsOf = (nodes: readonly SimNode[]): Actions => ({
  introspection: [16, (system, random) => random.pick(nodes).introspect()],
  change: [6, (system, random) => random.pick(nodes).introspect(random.pick(["content", "epoch", "type", "old"]))],
  shutdown: [2, (system, random) => random.pick(nodes).introspect("shutdown")],
  deregistration: [2, (system, random) => random.pick(nodes).deregister()],
  heartbeat: [4, (system, random) => random.pick(nodes).heartbeat()],
  "stale ack": [
    3,
    (system, random) => {
      const node = random.pick(nodes);
      node.ack(node.accepted[random.int(0, Math.max(0, node.accepted.length - 1))] ?? {});
    },
  ],
  "foreign ack": [
    2,
    (system, random) => {
      const other = random.pick(nodes).accepted.at(-1);
      random.pick(nodes).ack(random.chance(0.5) && other ? other : { attemptId: random.uuid() });
    },
  ],
  "poison message": [
    3,
    (system, random) => {
      const node = random.pick(nodes);
      const text = random.pick(["", "{", "[]", '{"node_id":"x y"}', "\u0000", '{"payload_type":"Other","payload":{}}']);
      const value = random.chance(0.1) ? null : Buffer.from(text);
      system.addToTranscript(`${node.id} sends what can't be read: ${JSON.stringify(text)}`);
      node.sendUnreadable(random.pick(Object.values(TOPICS)), value);
    },
  ],
  "wrong partition": [
    2,
    (system, random) => {
      const node = random.pick(nodes);
      const accepted = node.accepted.at(-1);
      const payload = { node_id: node.id, correlation_id: random.uuid() };
      if (random.chance(0.5))
        node.send(TOPICS.introspection, { ...payload, node_type: "effect" }, { inWrongPartition: true });
      else if (accepted)
        node.send(
          TOPICS.ack,
          { node_id: node.id, registration_attempt_id: accepted.attemptId },
          { inWrongPartition: true },
        );
    },
  ],
  "silence begins or ends": [
    2,
    (system, random) => {
      const node = random.pick(nodes);
      node.isSilent = !node.isSilent;
      system.addToTranscript(`${node.id} ${node.isSilent ? "stops sending" : "sends again"}`);
    },
  ],
  /** Only the pause that follows each action. */
  nothing: [24, () => {}],
});
