import { partitionOf } from "../../runtime/core/murmur2.ts";

/** Runs one statement of a store. */
export type Query = (text: string, values: readonly unknown[]) => Promise<unknown>;

/** The node that is copied, as it is registered before. */
export const SEED = { node_id: "seed-0", hostname: "seed-0", role: "seed", labels: ["gpu", "linux"], ip: "10.0.0.7" };
const ROLES = 10;
/** From 1 on. */
export const seededId = (number: number): string => `node-${number}`;
export const roleOf = (number: number): string => `role-${number % ROLES}`;

/** So many nodes with their rows: the one that was registered, under other names, as the shell writes them. */
export async function seedNodes(query: Query, nodes: number, partitions: number): Promise<void> {
  const ids = Array.from({ length: nodes }, (_, index) => seededId(index + 1));
  const given = [ids, ids.map((id) => partitionOf(id, partitions)), ids.map((_, index) => roleOf(index + 1))];
  const copies = "unnest($1::text[], $2::int[], $3::text[]) as c(id, partition, role)";
  const seed = "e.domain = 'node_registry' and e.entity_id = 'seed-0'";
  await query(
    // The journal has no line about a copy.
    `insert into rollcall.entity select r.* from rollcall.entity e, ${copies},
       lateral jsonb_populate_record(e,
         jsonb_build_object('partition', c.partition, 'entity_id', c.id, 'last_line', 0)) r
      where ${seed}`,
    given,
  );
  await query(
    `insert into rollcall.entity_data (domain, partition, entity_id, data)
     select e.domain, c.partition, c.id,
         replace(replace(e.data::text, 'seed-0', c.id), '"role":"seed"', '"role":"' || c.role || '"')::json
       from rollcall.entity_data e, ${copies} where ${seed}`,
    given,
  );
  await query(
    `insert into rollcall_node_registry.nodes_v1 select r.* from rollcall_node_registry.nodes_v1 n, ${copies},
       lateral jsonb_populate_record(n, jsonb_build_object('node_id', c.id, 'id', md5(c.id)::uuid, 'hostname', c.id,
         'role', c.role)) r
      where n.node_id = 'seed-0'`,
    given,
  );
  for (const table of ["rollcall.entity", "rollcall.entity_data", "rollcall_node_registry.nodes_v1"])
    await query(`vacuum analyze ${table}`, []);
}

/** The same nodes in the table of the plain program. */
export async function seedPlain(query: Query, nodes: number): Promise<void> {
  await query(
    `insert into nodes (node_id, hostname, ip, role, labels, status, metadata, created_at, updated_at, last_heartbeat)
     select 'node-' || n, 'node-' || n, '10.0.0.7', 'role-' || n % ${ROLES}, '{gpu,linux}', 'online', '{}', now(),
         now(), now()
       from generate_series(1, $1::int) as n`,
    [nodes],
  );
  await query("vacuum analyze nodes", []);
}
