import { TOPICS } from "../../test/sim/registration/domain.ts";
import { domain } from "../../test/sim/registration/simulated-nodes.ts";
import type { CountedLoad } from "../counts.ts";
import { introspection } from "./introspection.ts";

/** Nodes that register and acknowledge. */
export const REGISTRATIONS: CountedLoad = {
  domain,
  begin(index, timestamp) {
    const id = `node-${index}`;
    return { topic: TOPICS.introspection, id, payload: { ...introspection(id, index), timestamp } };
  },
  answer: (topic, id) =>
    topic.includes("node-registration-accepted") ? { topic: TOPICS.ack, id, payload: { node_id: id } } : undefined,
  isDone: (topic) => topic.includes("node-became-active"),
};
