import type { RecordPlace } from "../../../runtime/ports/event-bus.ts";
import type { FollowedMessage } from "../../../runtime/shell/follow/follower.ts";

/** A message on its way to the bus. */
export interface Sent extends Pick<FollowedMessage, "entityId" | "messageId"> {
  readonly topic: string;
  /** Otherwise nothing of its entity tells of it. */
  readonly isReadable: boolean;
  /** @param done when the bus has it */
  publish(done?: (place: RecordPlace) => void): void;
}
