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
    active_operations_count: optionalOrNull(z.int().min(0)).meta({
      description: "operations that are running",
      example: 3,
    }),
    cpu_usage_percent: optionalOrNull(z.number().min(0)).meta({
      description: "of one core: may be more than 100 on several cores",
      example: 42.5,
    }),
    memory_usage_mb: optionalOrNull(z.number().min(0)).meta({ description: "memory of its process", example: 256 }),
    correlation_id: CorrelationId,
    timestamp: SentAt,
  },
  {
    description:
      "A node reports that it is alive. The figures are for other readers of the topic; Rollcall does not use them.",
    normalize: normalizeIncoming,
  },
);
