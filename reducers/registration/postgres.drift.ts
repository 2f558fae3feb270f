import type { HeldRow } from "../../contracts/registration/messages/inventory.ts";
import { ACTIVE } from "../../contracts/registration/messages/rules.ts";
import type { RegistrationState } from "../../contracts/registration/messages/state.ts";
import type { HeldEntry, Repair } from "../../runtime/core/drift.ts";
import type { EntityView } from "../../runtime/core/handler.ts";
import type { Json } from "../../runtime/core/message.ts";
import { updateRowStatus, upsertRow } from "./postgres.intents.ts";

/** An ACTIVE node has its row; the row of a node that has ended, if it ever had one, says so. */
export function postgresDrift(entity: EntityView<RegistrationState> | undefined, held: readonly HeldEntry[]): Repair[] {
  if (!entity || (entity.isLive && entity.state !== ACTIVE)) return [];
  const context = { entity, payload: {}, now: 0 };
  const row = held[0]?.content as HeldRow | undefined;
  const [whole, status] = [upsertRow(entity.data, context), updateRowStatus(entity.data, context)];
  if (!whole || !status) return [];
  const what = `the row of ${entity.id}`;
  if (!entity.isLive) {
    if (!row || row.status === entity.state) return [];
    return [{ kind: "altered", what: `${what} says ${row.status}, not ${entity.state}`, intent: status }];
  }
  // The times that the row tells came with the status.
  if (!row) return [whole, status].map((intent): Repair => ({ kind: "missing", what: `${what} is not there`, intent }));
  const differing = Object.keys(whole.payload).filter(
    (field) => canonical(row[field as keyof HeldRow]) !== canonical(whole.payload[field]),
  );
  if (differing.length === 0) return [];
  return [{ kind: "altered", what: `${what} has another ${differing.join(", ")}`, intent: whole }];
}

/** A database keeps no order of keys. */
const canonical = (value: Json | undefined): string =>
  JSON.stringify(value ?? null, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
