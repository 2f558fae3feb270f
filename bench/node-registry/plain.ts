import fastify from "fastify";
import pg from "pg";

/**
 * What a hand-written program does at the same paths: Fastify, pg, a row a node and a row of an audit; no contracts, no
 * journal, no events, no dedupe, no fencing, nobody who ends leases. Arguments: DATABASE_URL, PORT.
 */
const TTL_SECONDS = 3_600;
const database = new pg.Pool({ connectionString: process.env["DATABASE_URL"], max: 10 });
await database.query(`create table nodes (node_id text primary key, hostname text not null, ip text, role text not null,
  labels text[] not null, status text not null, metadata jsonb not null, created_at timestamptz not null,
  updated_at timestamptz not null, last_heartbeat timestamptz)`);
await database.query("create index nodes_by_role on nodes (role)");
await database.query("create index nodes_by_status on nodes (status)");
await database.query("create index nodes_by_labels on nodes using gin (labels)");
await database.query(
  "create table audit (at timestamptz not null default now(), what text not null, detail jsonb not null)",
);

interface Node {
  readonly node_id: string;
  readonly hostname: string;
  readonly ip: string | null;
  readonly role: string;
  readonly labels: readonly string[];
  readonly status: string;
  readonly metadata: object;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly last_heartbeat: Date | null;
}

const leaseFrom = (at: Date) => ({
  ttl_seconds: TTL_SECONDS,
  next_heartbeat_at: new Date(at.getTime() + (TTL_SECONDS * 1_000) / 3),
});
const shown = (node: Node) => ({ ...node, lease: leaseFrom(node.last_heartbeat ?? node.created_at) });

const http = fastify({ logger: false });
const text = { type: "string", minLength: 1, maxLength: 255 };
const registration = {
  type: "object",
  required: ["hostname", "role"],
  properties: {
    ...{ node_id: text, hostname: text, role: text, ip: { type: "string", maxLength: 45 } },
    ...{ labels: { type: "array", items: text, maxItems: 64 }, metadata: { type: "object" } },
  },
};

http.post<{ Body: Node }>("/api/v1/nodes/register", { schema: { body: registration } }, async ({ body }) => {
  const client = await database.connect();
  try {
    await client.query("begin");
    const { rows } = await client.query<Node>({
      name: "register",
      text: `insert into nodes values ($1, $2, $3, $4, $5, 'online', $6, now(), now(), null)
        on conflict (node_id) do update set hostname = excluded.hostname, ip = excluded.ip, role = excluded.role,
          labels = excluded.labels, status = 'online', metadata = excluded.metadata, updated_at = now() returning *`,
      values: [body.node_id, body.hostname, body.ip, body.role, body.labels, body.metadata],
    });
    const detail = JSON.stringify(body);
    await client.query({
      name: "audit",
      text: "insert into audit (what, detail) values ('register', $1)",
      values: [detail],
    });
    await client.query("commit");
    return rows.map(shown)[0];
  } catch (error) {
    await client.query("rollback");
    throw error;
  } finally {
    client.release();
  }
});

const beat = { type: "object", required: ["node_id"], properties: { node_id: text, metrics: { type: "object" } } };
http.post<{ Body: Node }>("/api/v1/nodes/heartbeat", { schema: { body: beat } }, async ({ body }, reply) => {
  const { rows } = await database.query<Node>({
    name: "beat",
    text: `update nodes set last_heartbeat = now(), status = 'online' where node_id = $1
      returning node_id, status, last_heartbeat`,
    values: [body.node_id],
  });
  const [row] = rows;
  if (!row) return reply.code(404).send({ title: "no node has this id" });
  return { ...row, lease: leaseFrom(row.last_heartbeat ?? new Date()) };
});

http.get<{ Params: Node }>("/api/v1/nodes/:node_id", async ({ params }, reply) => {
  const found = { name: "get", text: "select * from nodes where node_id = $1", values: [params.node_id] };
  const { rows } = await database.query<Node>(found);
  return rows.map(shown)[0] ?? reply.code(404).send({ title: "no node has this id" });
});

interface Listed {
  readonly role?: string;
  readonly limit?: number;
}
http.get<{ Querystring: Listed }>("/api/v1/nodes", async ({ query: { role, limit } }) => {
  const where = role === undefined ? "" : "where role = $1";
  const values = role === undefined ? [] : [role];
  const text = `select * from nodes ${where} order by node_id`;
  if (limit === undefined) return (await database.query<Node>(text, values)).rows.map(shown);
  const [{ rows }, counted] = await Promise.all([
    database.query<Node>(`${text} limit ${Number(limit)}`, values),
    database.query<{ total: number }>(`select count(*)::int as total from nodes ${where}`, values),
  ]);
  return { nodes: rows.map(shown), total: counted.rows[0]?.total };
});

await http.listen({ host: "127.0.0.1", port: Number(process.env["PORT"]) });
process.stdout.write("ready\n");
