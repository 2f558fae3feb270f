import fastify from "fastify";
import pg from "pg";

/**
 * What a hand-written program does at the same paths: Fastify, pg, a row a node with its flows as JSON, a row of an
 * audit; no contracts, no journal, no events, nobody who ends leases or asks nodes. Arguments: DATABASE_URL, PORT.
 */
const FIELDS = ["path", "name", "source", "description", "author", "organization", "published", "release"];
const database = new pg.Pool({ connectionString: process.env["DATABASE_URL"], max: 10 });
await database.query(
  "create table nodes (node text primary key, online timestamptz, heartbeat timestamptz, flows jsonb not null)",
);
await database.query(
  "create table audit (at timestamptz not null default now(), what text not null, detail jsonb not null)",
);

type Flow = Readonly<Record<string, unknown>>;
interface Body {
  readonly node: string;
  readonly flows: readonly Flow[];
}
const http = fastify({ logger: false, bodyLimit: 262_144 });

http.post<{ Body: Body }>("/register", async ({ body: { node } }) => ({ admins: { nodes: [node] } }));

http.post<{ Body: Body }>("/connect", async ({ body: { node, flows: sent } }) => {
  const flows = sent.filter((flow) => FIELDS.every((field) => typeof flow[field] === "string" && flow[field] !== ""));
  const client = await database.connect();
  try {
    await client.query("begin");
    await client.query({
      name: "connect",
      text: `insert into nodes values ($1, now(), now(), $2) on conflict (node) do update
               set online = now(), heartbeat = now(), flows = excluded.flows`,
      values: [node, JSON.stringify(flows)],
    });
    await client.query("insert into audit (what, detail) values ('connect', $1)", [JSON.stringify({ node, flows })]);
    await client.query("commit");
    return { name: node, flows: flows.map(({ path }) => path) };
  } catch (error) {
    await client.query("rollback");
    throw error;
  } finally {
    client.release();
  }
});

http.put<{ Body: Body }>("/state", async ({ body: { node } }, reply) => {
  const text = "update nodes set heartbeat = now() where node = $1 returning node, heartbeat";
  const { rows } = await database.query({ name: "beat", text, values: [node] });
  return rows[0] ?? reply.code(404).send({ title: "no node has this name" });
});

http.get<{ Querystring: { readonly limit?: number } }>("/nodes", async ({ query: { limit } }) => {
  const part = limit === undefined ? "" : ` limit ${Number(limit)}`;
  const alive = "online is not null and now() - heartbeat <= interval '300 s' as alive";
  const text = `select *, ${alive} from nodes order by node`;
  return { nodes: (await database.query(text + part)).rows };
});

await http.listen({ host: "127.0.0.1", port: Number(process.env["PORT"]) });
process.stdout.write("ready\n");
