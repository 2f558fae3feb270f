import { judgeAtRest } from "../../promises/at-rest.ts";
import { OWNER, REFUSED_ADDRESS } from "../consul.ts";
import type { EntitiesCheck } from "./entities.ts";
import type { ObservedSystem } from "./observed-system.ts";

/** What must hold when input has stopped and everything works. Only the simulation can see that intents are done. */
export function checkAtRest({ database, consul, report }: ObservedSystem, { entities }: EntitiesCheck): void {
  for (const intent of database.table("intent"))
    report("G10", `${String(intent["type"])} of ${String(intent["entity_id"])} is not done`);
  const services = [...consul.services].filter(([, { isRemoved, owner }]) => !isRemoved && owner === OWNER);
  const found = {
    registrations: new Map(
      database
        .table("entity")
        .map((row) => [String(row["entity_id"]), { state: row["state"], seq: Number(row["seq"]) }]),
    ),
    services: services.map(([serviceId, { nodeId, address, port, status, version }]) => ({
      serviceId,
      entityId: nodeId,
      address: `${address ?? ""}:${port}`,
      isPassing: status === "passing",
      version,
    })),
    rows: database.table("node_registrations").map((row) => ({
      entityId: String(row["node_id"]),
      status: row["status"],
      version: Number(row["version"]),
    })),
    refusedHost: REFUSED_ADDRESS,
  };
  judgeAtRest(entities, found, report);
}
