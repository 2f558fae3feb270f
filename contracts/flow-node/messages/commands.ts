import { z } from "zod";
import { message, type Payload } from "../../../runtime/core/message.ts";
import { FLOWS_MAX, NodeName, Told, Who, Why } from "./fields.ts";

const decidedBy = { by: Who.describe("who decides it"), reason: Why.nullish() };

export const AdmitNode = message(
  "AdmitNode",
  { node: NodeName, ...decidedBy },
  { description: "An operator lets a node connect, for the first time or again." },
);
export const RevokeNode = message(
  "RevokeNode",
  { node: NodeName, ...decidedBy },
  { description: "A node is no longer one of us: it is not taken back until an operator admits it." },
);

const EXAMPLE_FLOW = {
  ...{ path: "flows.example.trend.Analysis()", name: "Trend Analysis", source: "./yaml/trend.yaml" },
  ...{ description: "What is asked for more than before.", author: "author@example.com", organization: "Example" },
  ...{ published: "2024-11-12T11:12+00:00", release: "0.1.2" },
};

export const ConnectNode = message(
  "ConnectNode",
  {
    node: NodeName,
    flows: z
      // Read from JSON, and looked at flow by flow.
      .array(z.unknown())
      .max(FLOWS_MAX)
      .meta({
        description: `at most ${FLOWS_MAX}; each is taken for itself, or rejected`,
        examples: [[EXAMPLE_FLOW], []],
      }),
  },
  { description: "A node is here, with all the flows that it offers." },
);
export const DisconnectNode = message("DisconnectNode", { node: NodeName }, { description: "A node says goodbye." });

export const NodeBeat = message(
  "NodeBeat",
  { node: NodeName, told: Told.nullish().describe("how it is; whatever else the message has is part of it") },
  {
    description: "A node is alive, and tells of itself what it likes.",
    normalize: ({ node, told, ...more }: Payload) => {
      const all = Object.entries({ ...more, ...(told as Payload | null | undefined) });
      // A copy that assigns its keys would set its prototype.
      const kept = all.filter(([key]) => key !== "__proto__");
      return { node, ...(kept.length > 0 && { told: Object.fromEntries(kept) }) };
    },
  },
);
