import type { RegistrationRow } from "../../contracts/registration/messages/inventory.ts";
import { ACTIVE } from "../../contracts/registration/messages/rules.ts";
import type { RegistrationState } from "../../contracts/registration/messages/state.ts";
import type { InventoryEntry, Repair } from "../../runtime/core/drift.ts";
import type { EntityView } from "../../runtime/core/handler.ts";
import type { Json } from "../../runtime/core/message.ts";
import { updateRowStatus, upsertRow } from "./postgres.intents.ts";

/** An ACTIVE node has a row that matches its description; the row of an ended node, if there is one, has its status. */
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
    return [
      { kind: "altered", description: `${what} has the status ${row.status}, not ${entity.state}`, intent: status },
    ];
  }
  // Two intents, because the row's times are written with the status.
  if (!row)
    return [upsertIntent, status].map((intent): Repair => ({
      kind: "missing",
      description: `${what} is missing`,
      intent,
    }));
  const differing = Object.keys(upsertIntent.payload).filter(
    (field) => sortedKeysJson(row[field as keyof RegistrationRow]) !== sortedKeysJson(upsertIntent.payload[field]),
  );
  if (differing.length === 0) return [];
  return [{ kind: "altered", description: `${what} differs in ${differing.join(", ")}`, intent: upsertIntent }];
}

/** JSON with sorted keys: the order of keys in jsonb is not that of the intent. */
const sortedKeysJson = (value: Json | undefined): string =>
  JSON.stringify(value ?? null, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
