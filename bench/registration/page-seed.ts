import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { partitionOf } from "../../runtime/core/murmur2.ts";
import type { Program } from "../../test/blackbox/program.ts";

const STATES = ["DEREGISTERED", "LIVENESS_EXPIRED", "REJECTED", "ACK_TIMED_OUT"];

/**
 * So many nodes as rows of a folder: one that was really registered, copied under other names. They have ended, so that
 * nothing fires for them and no backend should have them.
 */
export async function seedNodes(start: () => Promise<Program>, folder: string, nodes: number): Promise<void> {
  const program = await start();
  const publish = (payload_type: string, payload: object, query = ""): Promise<Response> =>
    fetch(`${program.url}/api/v1/events${query}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ payload_type, payload }),
    });
  const about = {
    node_id: "seed-0",
    node_type: "effect",
    node_name: "Seed",
    capabilities: ["a.b", "c.d"],
    endpoints: { api: "http://10.0.0.7:8080" },
  };
  await publish("NodeIntrospectionEvent", about);
  // The answer comes when its attempt has ended.
  await publish("NodeDeregister", { node_id: "seed-0" }, "?wait=active&timeout=10s");
  await program.stop();
  const database = await PGlite.create(join(folder, "store", "data"));
  try {
    const { rows } = await database.query<{ partitions: number }>(
      `select count(*)::int as partitions from rollcall.partition_owner where domain = 'registration'`,
    );
    const ids = Array.from({ length: nodes }, (_, index) => `bench-${index + 1}`);
    const copies = [ids, ids.map((id) => partitionOf(id, rows[0]?.partitions ?? 1))];
    await database.query(
      // The journal has no line about a copy.
      `insert into rollcall.entity (domain, partition, entity_id, state, reducer_state, state_since, seq, attempt,
         last_line, last_line_at, last_seen, updated_at)
       select domain, c.partition, c.id, ($3::text[])[1 + c.i % 4], reducer_state, state_since, seq, attempt,
         0, last_line_at, last_seen, updated_at
         from rollcall.entity, unnest($1::text[], $2::int[]) with ordinality as c(id, partition, i)
        where entity_id = 'seed-0'`,
      [...copies, STATES],
    );
    await database.query(
      `insert into rollcall.entity_data (domain, partition, entity_id, data)
       select domain, c.partition, c.id, replace(data::text, 'seed-0', c.id)::json
         from rollcall.entity_data, unnest($1::text[], $2::int[]) as c(id, partition) where entity_id = 'seed-0'`,
      copies,
    );
  } finally {
    await database.close();
  }
}
