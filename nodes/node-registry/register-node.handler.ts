import { RegisterNode } from "../../contracts/node-registry/messages/commands.ts";
import { type DescribedNode, NodeRegistered, NodeUpdated } from "../../contracts/node-registry/messages/events.ts";
import { isSameNode } from "../../contracts/node-registry/messages/same-node.ts";
import { absorbed, refuse } from "../../runtime/core/handler.ts";
import type { PayloadOf } from "../../runtime/core/message.ts";
import { handler } from "./handler.ts";

/** A node announces itself. The contract says in which states, and that the id is not another host's. */
export const HandlerRegisterNode = handler(
  RegisterNode,
  { refusals: ["NODE_ID_TAKEN"] },
  {
    register({ message, entity: { data } }) {
      const node = describedNode(message.payload);
      const previous_hostname = formerOf(data.node?.hostname, node.hostname);
      return [NodeRegistered.of({ ...described(node, data.node), previous_hostname })];
    },

    keep_host: ({ message, entity: { data } }) =>
      refuse("NODE_ID_TAKEN", { held_by: data.node?.hostname ?? null, asked_by: message.payload.hostname }),

    refresh({ message, entity: { data } }) {
      const node = describedNode(message.payload);
      const isKnown = data.node !== null && isSameNode(node, data.node) && data.said === null;
      return isKnown
        ? absorbed("online with the same content: counts as a heartbeat")
        : [NodeUpdated.of(described(node, data.node))];
    },
  },
);

const described = (node: DescribedNode, before: DescribedNode | null) => ({
  ...{ role: node.role, previous_role: formerOf(before?.role, node.role), node },
});

/** Null: it is the same, or there was none. */
const formerOf = (before: string | undefined, now: string): string | null =>
  before === undefined || before === now ? null : before;

// The payload is canonical since its definition's `normalize`, which its type does not show.
const describedNode = ({ hostname, ip, role, labels, metadata }: PayloadOf<typeof RegisterNode>): DescribedNode => ({
  hostname,
  ip: ip ?? null,
  role,
  labels: labels ?? [],
  metadata: metadata ?? {},
});
