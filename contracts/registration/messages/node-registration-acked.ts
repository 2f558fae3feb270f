import { message } from "../../../runtime/core/message.ts";
import { normalizeIncoming } from "./normalize-incoming.ts";
import { CorrelationId, NodeId, SentAt, Uuid, optionalOrNull } from "./fields.ts";

export const NodeRegistrationAcked = message(
  "NodeRegistrationAcked",
  {
    node_id: NodeId,
    registration_attempt_id: optionalOrNull(Uuid).meta({
      description: "the attempt that this answers, from NodeRegistrationAccepted; another one makes the ACK stale",
      example: "5e42b432-a8f2-5d20-a3bd-b1186a9f730c",
    }),
    correlation_id: CorrelationId.describe(
      "of the attempt, or of an introspection that it absorbed; another one makes the ACK stale",
    ),
    command_id: optionalOrNull(Uuid).describe("the sender's own id of this command"),
    timestamp: SentAt,
  },
  {
    description: "A node confirms that it received its acceptance and is ready for work.",
    normalize: normalizeIncoming,
  },
);
