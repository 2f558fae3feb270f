import { RollcallNode } from "../../client/rollcall-node.ts";
import type { NodeMessage } from "../../client/messages.ts";
import type { Transport } from "../../client/transport.ts";

/** A node whose messages can be suppressed, as by a pulled cable. */
export class DemoNode {
  readonly node: RollcallNode;
  isSilenced = false;

  constructor(
    transport: Transport,
    description: Omit<ConstructorParameters<typeof RollcallNode>[0], "transport">,
    onSent: (message: NodeMessage) => void,
  ) {
    this.node = new RollcallNode({
      ...description,
      transport: {
        ...transport,
        publish: (message) => {
          if (this.isSilenced) return Promise.resolve();
          onSent(message);
          return transport.publish(message);
        },
      },
    });
  }
}

export const DEMO_NODES = [
  { nodeId: "orders", nodeType: "effect", capabilities: ["orders.read", "orders.write"] },
  { nodeId: "prices", nodeType: "compute", capabilities: ["prices.quote"] },
  { nodeId: "totals", nodeType: "reducer", capabilities: ["totals.daily"] },
  { nodeId: "checkout", nodeType: "orchestrator", capabilities: ["checkout.run"] },
  { nodeId: "mail", nodeType: "effect", capabilities: ["mail.send"] },
] as const;

/** The node whose timeline is shown. */
export const FOLLOWED_NODE = "orders";
