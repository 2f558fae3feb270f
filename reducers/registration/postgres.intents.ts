import {
  PostgresUpdateRegistration,
  PostgresUpsertRegistration,
} from "../../contracts/registration/messages/intents.ts";
import type { RegistrationState } from "../../contracts/registration/messages/state.ts";
import type { EntityView } from "../../runtime/core/handler.ts";
import { type NewIntent, noIntent } from "../../runtime/core/intent.ts";
import type { ReducerContext } from "../../runtime/core/reducer.ts";
import { toRfc3339 } from "../../runtime/core/time.ts";

type Context<Payload = unknown> = ReducerContext<Payload, RegistrationState>;

export const upsertRow = ({ node }: RegistrationState, { entity }: Context): NewIntent | null =>
  node
    ? PostgresUpsertRegistration.of({
        node_id: node.node_id,
        node_type: node.node_type,
        node_version: node.node_version,
        node_name: node.node_name ?? null,
        endpoints: node.endpoints,
        capabilities: node.capabilities,
        metadata: node.metadata,
        status: statusOf(entity),
      })
    : noIntent;

/** The last heartbeat is that of the liveness deadline; an expiry has disarmed it, and its event has the time. */
export function updateRowStatus(
  { node }: RegistrationState,
  { entity, payload }: Context<{ readonly last_heartbeat_at?: string | null }>,
): NewIntent | null {
  if (!node) return noIntent;
  const liveness = entity.deadlines["liveness"];
  const renewedAt = liveness?.renewedAt ?? null;
  return PostgresUpdateRegistration.of({
    node_id: node.node_id,
    status: statusOf(entity),
    last_heartbeat_at: payload.last_heartbeat_at ?? (renewedAt === null ? null : toRfc3339(renewedAt)),
    liveness_deadline: liveness ? toRfc3339(liveness.at) : null,
  });
}

/** Never empty: intents follow from events, and by then the entity has a state. */
const statusOf = ({ state }: EntityView<RegistrationState>): string => state ?? "";
