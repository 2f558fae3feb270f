import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
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
    await database.query(
      `insert into rollcall.entity
       select domain, 'bench-' || i, partition, ($2::text[])[1 + i % 4], reducer_state, seq, attempt,
         replace(data::text, 'seed-0', 'bench-' || i)::json, '{}'::json, state_since, updated_at
       from rollcall.entity, generate_series(1, $1::int) as i where entity_id = 'seed-0'`,
      [nodes, STATES],
    );
  } finally {
    await database.close();
  }
}
