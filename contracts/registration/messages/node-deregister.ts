import { z } from "zod";
import { message } from "../../../runtime/core/message.ts";
import { normalizeIncoming } from "./normalize-incoming.ts";
import { CorrelationId, NodeId, SentAt, optionalOrNull } from "./fields.ts";

export const NodeDeregister = message(
  "NodeDeregister",
  {
    node_id: NodeId,
    reason: optionalOrNull(z.string().max(1024)).meta({
      description: "why, for people",
      example: "moved to another rack",
    }),
    correlation_id: CorrelationId,
    timestamp: SentAt,
  },
  { description: "A node, or an operator, ends a registration.", normalize: normalizeIncoming },
);
