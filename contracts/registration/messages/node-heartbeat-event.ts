import { z } from "zod";
import { message } from "../../../runtime/core/message.ts";
import { canonical } from "./canonical.ts";
import { NodeId, Timestamp, Uuid, maybe } from "./fields.ts";

/** A node says that it is alive. Only that it came counts; the figures are for those who read the topic. */
export const NodeHeartbeatEvent = message(
  "NodeHeartbeatEvent",
  {
    node_id: NodeId,
    uptime_seconds: maybe(z.number().min(0)),
    active_operations_count: maybe(z.int().min(0)),
    /** More than 100 on a machine of several cores. */
    cpu_usage_percent: maybe(z.number().min(0)),
    memory_usage_mb: maybe(z.number().min(0)),
    correlation_id: maybe(Uuid),
    timestamp: maybe(Timestamp),
  },
  canonical,
);
