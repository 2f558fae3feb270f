import { OWNER, REFUSED_ADDRESS } from "../consul.ts";
import type { Evidence } from "./evidence.ts";
import type { LivesCheck } from "./lives.ts";

/** G2 and G10: what must hold when input has stopped and everything works. */
export function checkRest({ database, consul, say }: Evidence, { lives }: LivesCheck): void {
  const entities = new Map(database.table("entity").map((row) => [String(row["entity_id"]), row]));
  const rows = new Map(database.table("node_registrations").map((row) => [String(row["node_id"]), row]));
  const owed = database.table("intent");
  for (const intent of owed) say("G10", `${String(intent["type"])} of ${String(intent["entity_id"])} is still owed`);
  const services = [...consul.services].filter(([, { isRemoved, owner }]) => !isRemoved && owner === OWNER);
  for (const { id, state, seq, serviceId, node } of lives.values()) {
    const at = `${id} (${state} by its events)`;
    if (state === "PENDING_REGISTRATION" || state === "ACCEPTED") say("G2", `${at}: its attempt has come to no end`);
    const entity = entities.get(id);
    if (entity?.["state"] !== state || Number(entity["seq"]) !== seq)
      say(
        "G10",
        `${at}: the store has it in ${String(entity?.["state"])} at ${String(entity?.["seq"])}, the log at ${seq}`,
      );
    const own = services.filter(([, { nodeId }]) => nodeId === id);
    const told = own.map(([name, { address, port, status }]) => `${name} ${address}:${port} ${status}`).join(", ");
    if (state === "ACTIVE") {
      const [endpoint] = Object.values((node["endpoints"] ?? {}) as Record<string, string>);
      const { hostname, port } = endpoint === undefined ? { hostname: null, port: null } : new URL(endpoint);
      // An active node that announces an address which Consul refuses keeps the entry that it had.
      const isKept = hostname === REFUSED_ADDRESS;
      const meant = isKept ? `${serviceId} of before, passing` : `${serviceId} ${hostname}:${port} passing`;
      const isMeant = isKept ? own.length === 1 && own[0]?.[1].status === "passing" : told === meant;
      if (!isMeant) say("G10", `${at}: Consul has [${told}], not ${meant}`);
    } else if (told !== "") say("G10", `${at}: Consul has ${told}`);
    const row = rows.get(id);
    if (state === "ACTIVE" && !row) say("G10", `${at}: it has no row`);
    if (row && row["status"] !== state) say("G10", `${at}: its row says ${String(row["status"])}`);
  }
  for (const [name, { nodeId }] of services) if (!lives.has(nodeId)) say("G10", `${name}: no event speaks of it`);
}
