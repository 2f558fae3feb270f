import { type Evidence, groupedBy } from "./evidence.ts";
import type { Life } from "./judge-life.ts";

/** G10: log, registrations, rows and catalogue tell the same. G6: none of them was written over by something older. */
export function judgeAgreement(evidence: Evidence, lives: ReadonlyMap<string, Life>): string[] {
  const { registrations, rows, services, foreign } = evidence;
  const broken: string[] = [];
  const registrationOf = new Map(registrations.map((registration) => [registration.node_id, registration]));
  const servicesOf = groupedBy(services, ({ nodeId }) => nodeId);
  const rowsOf = rows && groupedBy(rows, ({ node_id }) => node_id);
  for (const [nodeId, { state, seq, stateSeq, serviceId, address }] of lives) {
    const say = (what: string, promise = "G10"): void =>
      void broken.push(`${promise} ${nodeId} (${state} by its events): ${what}`);
    if (state === "PENDING_REGISTRATION" || state === "ACCEPTED") say("its attempt has not come to an end", "G2");
    const registration = registrationOf.get(nodeId);
    if (registration?.state !== state) say(`registration says ${registration?.state}`);
    if (registration && registration.entity_seq !== seq)
      say(`registration is at entity_seq ${registration.entity_seq}, the log at ${seq}`);
    const own = servicesOf.get(nodeId) ?? [];
    if (state === "ACTIVE") {
      const told = own.map((entry) => `${entry.serviceId} ${entry.address}:${entry.port} ${entry.passing}`).join(", ");
      if (told !== `${serviceId} ${address} true`) say(`the catalogue has [${told}], not ${serviceId} at ${address}`);
    } else if (own.length > 0) say(`the catalogue has ${own.map((entry) => entry.serviceId).join(", ")}`);
    for (const { version } of own)
      if (version !== undefined && version < stateSeq)
        say(`its service is of version ${version}, ${stateSeq} was written`, "G6");
    const held = rowsOf && (rowsOf.get(nodeId) ?? []);
    if (held && state === "ACTIVE" && held.length !== 1) say(`node_registrations has ${held.length} rows`);
    for (const row of held ?? []) {
      if (row.status !== state) say(`its row says ${row.status}`);
      if (row.version > seq) say(`its row is of version ${row.version}, the log ends at ${seq}`);
      if (row.version < stateSeq) say(`its row is of version ${row.version}, ${stateSeq} was written`, "G6");
    }
  }
  for (const { serviceId, nodeId } of services)
    if (!lives.has(nodeId)) broken.push(`G10 ${serviceId}: in the catalogue, and no event speaks of it`);
  for (const { node_id } of rows ?? [])
    if (!lives.has(node_id)) broken.push(`G10 ${node_id}: in node_registrations, and no event speaks of it`);
  for (const entry of foreign?.planted ?? [])
    if (!foreign?.found.includes(entry)) broken.push(`G10 a foreign entry was touched: ${entry}`);
  return broken;
}
