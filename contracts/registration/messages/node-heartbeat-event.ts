import { z } from "zod";
import { message } from "../../../runtime/core/message.ts";
import { normalizeIncoming } from "./normalize-incoming.ts";
import { CorrelationId, NodeId, SentAt, optionalOrNull } from "./fields.ts";

export const NodeHeartbeatEvent = message(
  "NodeHeartbeatEvent",
  {
    node_id: NodeId,
    uptime_seconds: optionalOrNull(z.number().min(0)).meta({
      description: "since its process started",
      example: 86_400,
    }),
    active_operations_count: optionalOrNull(z.int().min(0)).meta({ description: "what it works on", example: 3 }),
    cpu_usage_percent: optionalOrNull(z.number().min(0)).meta({
      description: "of one core: more than 100 on several",
      example: 42.5,
    }),
    memory_usage_mb: optionalOrNull(z.number().min(0)).meta({ description: "what its process holds", example: 256 }),
    correlation_id: CorrelationId,
    timestamp: SentAt,
  },
  {
    description:
      "A node says that it is alive. Only that it came counts; the figures are for those who read the topic.",
    normalize: normalizeIncoming,
  },
);
