import { z } from "zod";
import { message } from "../../../runtime/core/message.ts";
import { canonical } from "./canonical.ts";
import { NodeId, Timestamp, Uuid, maybe } from "./fields.ts";

/** A node, or an operator, ends a registration. */
export const NodeDeregister = message(
  "NodeDeregister",
  {
    node_id: NodeId,
    reason: maybe(z.string().max(1024)),
    correlation_id: maybe(Uuid),
    timestamp: maybe(Timestamp),
  },
  canonical,
);
