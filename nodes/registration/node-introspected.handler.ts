import { NodeDeregistered } from "../../contracts/registration/messages/node-deregistered.ts";
import { NodeIntrospectionEvent } from "../../contracts/registration/messages/node-introspection-event.ts";
import { NodeRegistrationInitiated } from "../../contracts/registration/messages/node-registration-initiated.ts";
import { NodeUpdated } from "../../contracts/registration/messages/node-updated.ts";
import { type RegisteredNode, nodeOf } from "../../contracts/registration/messages/registered-node.ts";
import { hasSameContent, stalenessReason } from "../../contracts/registration/messages/rules.ts";
import type { RegistrationState } from "../../contracts/registration/messages/state.ts";
import { type EntityView, type HandlerContext, absorbed, nothing } from "../../runtime/core/handler.ts";
import type { NewEvent, PayloadOf } from "../../runtime/core/message.ts";
import { handler } from "./handler.ts";

type Context = HandlerContext<PayloadOf<typeof NodeIntrospectionEvent>, RegistrationState>;

/** Actions for an introspection; the contract says in which states each one applies. */
export const HandlerNodeIntrospected = handler(
  NodeIntrospectionEvent,
  {},
  {
    emit_registration_initiated(context) {
      const { next, stale } = readIntrospection(context);
      return stale ? nothing(stale) : [initiated(next, context.entity)];
    },

    supersede_if_changed(context) {
      const { next, held, stale } = readIntrospection(context);
      if (stale) return nothing(stale);
      const { number } = context.entity.attempt;
      if (held && hasSameContent(next, held))
        return absorbed(`joins attempt ${number}, which is registering the same content`);
      return [initiated(next, context.entity)];
    },

    refresh_if_changed(context) {
      const { next, held, stale } = readIntrospection(context);
      if (stale) return nothing(stale);
      if (held && hasSameContent(next, held)) return absorbed("active with the same content: counts as a heartbeat");
      return [NodeUpdated.of({ node: keepKnownEpoch(held, next) })];
    },

    deregister(context) {
      const { stale } = readIntrospection(context);
      return stale ? nothing(stale) : [NodeDeregistered.of({ reason: "shutdown" })];
    },
  },
);

/** The reported node, the known one, and why the report is stale. In ended states no node is known, and none stale. */
function readIntrospection({ message, entity, now, maxClockSkewMs }: Context) {
  const next = nodeOf(message.payload, now);
  const held = entity.isLive ? entity.data.node : null;
  return { next, held, stale: held && stalenessReason(next, held, maxClockSkewMs) };
}

const initiated = (node: RegisteredNode, { isLive, attempt }: EntityView<RegistrationState>): NewEvent =>
  NodeRegistrationInitiated.of({
    node_type: node.node_type,
    node,
    supersedes: isLive ? attempt.id : null,
  });

/** A refresh without an epoch keeps the known one, so that introspections of an older process stay stale. */
const keepKnownEpoch = (known: RegisteredNode | null, reported: RegisteredNode): RegisteredNode =>
  known?.epoch === undefined || reported.epoch !== undefined ? reported : { ...reported, epoch: known.epoch };
