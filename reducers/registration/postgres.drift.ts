import type { RegistrationRow } from "../../contracts/registration/messages/inventory.ts";
import { ACTIVE } from "../../contracts/registration/messages/rules.ts";
import type { RegistrationState } from "../../contracts/registration/messages/state.ts";
import type { InventoryEntry, Repair } from "../../runtime/core/drift.ts";
import type { EntityView } from "../../runtime/core/handler.ts";
import type { Json } from "../../runtime/core/message.ts";
import { updateRowStatus, upsertRow } from "./postgres.intents.ts";

/** An ACTIVE node has its row; the row of a node that has ended, if it ever had one, says so. */
export function postgresDrift(
  entity: EntityView<RegistrationState> | undefined,
  actual: readonly InventoryEntry[],
): Repair[] {
  if (!entity || (entity.isLive && entity.state !== ACTIVE)) return [];
  const context = { entity, payload: {}, now: 0 };
  const row = actual[0]?.content as RegistrationRow | undefined;
  const [upsertIntent, status] = [upsertRow(entity.data, context), updateRowStatus(entity.data, context)];
  if (!upsertIntent || !status) return [];
  const what = `the row of ${entity.id}`;
  if (!entity.isLive) {
    if (!row || row.status === entity.state) return [];
    return [{ kind: "altered", description: `${what} says ${row.status}, not ${entity.state}`, intent: status }];
  }
  // The times that the row tells came with the status.
  if (!row)
    return [upsertIntent, status].map((intent): Repair => ({
      kind: "missing",
      description: `${what} is not there`,
      intent,
    }));
  const differing = Object.keys(upsertIntent.payload).filter(
    (field) => sortedKeysJson(row[field as keyof RegistrationRow]) !== sortedKeysJson(upsertIntent.payload[field]),
  );
  if (differing.length === 0) return [];
  return [{ kind: "altered", description: `${what} has another ${differing.join(", ")}`, intent: upsertIntent }];
}

/** A database keeps no order of keys. */
const sortedKeysJson = (value: Json | undefined): string =>
  JSON.stringify(value ?? null, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
