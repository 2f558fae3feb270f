import { message } from "../../../runtime/core/message.ts";
import { canonical } from "./canonical.ts";
import { NodeId, Timestamp, Uuid, maybe } from "./fields.ts";

/** A node confirms that it got its acceptance and is ready for work. */
export const NodeRegistrationAcked = message(
  "NodeRegistrationAcked",
  {
    node_id: NodeId,
    /** Which attempt this answers; a mismatch makes the ACK stale. */
    registration_attempt_id: maybe(Uuid),
    /** Of the attempt, or of an introspection that it absorbed; a mismatch makes the ACK stale. */
    correlation_id: maybe(Uuid),
    command_id: maybe(Uuid),
    timestamp: maybe(Timestamp),
  },
  canonical,
);
