import { NodeIntrospectionEvent } from "../../contracts/registration/messages/node-introspection-event.ts";
import type { RegisteredNode } from "../../contracts/registration/messages/registered-node.ts";
import type { RegistrationState } from "../../contracts/registration/messages/state.ts";
import { doorContext } from "../../runtime/core/door.ts";
import type { EntityView, Handler, HandlerResult } from "../../runtime/core/handler.ts";
import type { MessageDefinition, NewEvent, Payload } from "../../runtime/core/message.ts";
import { toRfc3339 } from "../../runtime/core/time.ts";

/** Noon of a day, ms since the epoch. */
export const NOON = 1_767_268_800_000;
export const SKEW_MS = 5_000;
export const ATTEMPT = "11111111-1111-5111-8111-111111111111";
export const REQUEST = "22222222-2222-4222-8222-222222222222";

/** A payload as the runtime reads it: checked, then made canonical. Throws for one that it would refuse. */
export const taken = (definition: MessageDefinition, payload: unknown): Payload =>
  definition.normalize(definition.schema.parse(payload));

export const introspection = (more: object = {}): Payload =>
  taken(NodeIntrospectionEvent, { node_id: "n1", node_type: "effect", ...more });

export const node = (more: Partial<RegisteredNode> = {}): RegisteredNode => ({
  node_id: "n1",
  node_type: "effect",
  node_version: "1.2.3",
  capabilities: ["read", "write"],
  endpoints: { api: "http://10.0.0.1:8080" },
  metadata: { zone: "a" },
  introspected_at: toRfc3339(NOON),
  ...more,
});

const ENDED = new Set(["REJECTED", "ACK_TIMED_OUT", "LIVENESS_EXPIRED", "DEREGISTERED"]);

/** An entity in its first attempt. */
export const entity = (
  state: string | null,
  data: Partial<RegistrationState> = {},
  deadlines: EntityView<RegistrationState>["deadlines"] = {},
): EntityView<RegistrationState> => ({
  id: "n1",
  state,
  isLive: state !== null && !ENDED.has(state),
  data: { node: state === null ? null : node(), failures: [], ...data },
  attempt: { number: 1, id: ATTEMPT, correlationIds: [REQUEST] },
  deadlines,
});

/** Runs one action of a handler. Deadlines appear by name, because their lengths are in the contract. */
export function act(
  handler: Handler,
  action: string,
  on: EntityView<RegistrationState>,
  payload: Payload = {},
  now = NOON,
): HandlerResult {
  const run = handler.actions[action];
  if (!run) throw new Error(`no action ${action}`);
  return run({
    message: { id: REQUEST, correlationId: REQUEST, payload: payload as never },
    entity: on as never,
    now,
    maxClockSkewMs: SKEW_MS,
    ...doorContext(undefined),
    deadlineAfter: (name) => {
      if (!handler.deadlines.includes(name)) throw new Error(`deadline ${name} is not declared`);
      return `${name} from ${toRfc3339(now)}`;
    },
  });
}

export const eventsOf = (result: HandlerResult): readonly NewEvent[] => {
  if ("kind" in result) throw new Error(`no events: ${result.kind}`);
  return result;
};
