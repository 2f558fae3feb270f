import { Pool } from "pg";

/** From the bench: addresses, free ports, the statements of the job, how long a node lives without a heartbeat. */
export const given = JSON.parse(process.env.BENCH_ENGINE);

const pool = new Pool({ connectionString: given.database, max: 20 });
const { upsert, activate, expire } = given.statements;

export const upsertRow = async (node) => void (await pool.query({ name: "upsert", text: upsert, values: [node] }));
export const activateRow = async (id) => void (await pool.query({ name: "activate", text: activate, values: [id] }));
export const expireRow = async (id) => void (await pool.query({ name: "expire", text: expire, values: [id] }));

/** One service by one request, on a node of the bench's own. */
export async function registerInConsul({ node_id, node_type }) {
  const Service = {
    ID: `peer-${node_type}-${node_id}`,
    Service: `peer-${node_type}`,
    Tags: [`node_type:${node_type}`, "peer"],
    Address: "10.0.0.1",
    Port: 8080,
    Meta: { node_id },
  };
  const answer = await fetch(new URL("/v1/catalog/register", given.consul), {
    method: "PUT",
    body: JSON.stringify({ Node: given.consulNode, Address: "127.0.0.1", SkipNodeUpdate: true, Service }),
  });
  if (!answer.ok) throw new Error(`consul ${answer.status} ${(await answer.text()).slice(0, 200)}`);
  await answer.arrayBuffer();
}
