import { randomUUID } from "node:crypto";
import { Kafka, logLevel, type Message } from "kafkajs";
import pg from "pg";

/**
 * What a hand-written program can reach on the same topics with the same results for its nodes: kafkajs, a row with its
 * deadline, one statement and Consul transactions a batch; no contracts, no machine, no journal, no dedupe, no retry,
 * no fencing. Arguments: a JSON object in BENCH_ENGINE.
 */
interface Arguments {
  readonly brokers: string;
  readonly database: string;
  readonly consul: string;
  readonly consulNode: string;
  readonly topics: {
    introspection: string;
    initiated: string;
    accepted: string;
    acked: string;
    received: string;
    active: string;
  };
}
interface Introspection {
  readonly node_id: string;
  readonly node_type: string;
  readonly node_version: { readonly major: number; readonly minor: number; readonly patch: number };
  readonly endpoints: object;
  readonly capabilities: readonly string[];
}
interface Registration extends Introspection {
  readonly correlationId: string;
}

/** Transactions of Consul under way at once, for each batch: it refuses connections beyond 200. */
const TRANSACTIONS_AT_ONCE = 4;
const OPERATIONS_MAX = 64;

const args = JSON.parse(process.env["BENCH_ENGINE"] ?? "{}") as Arguments;
const kafka = new Kafka({ clientId: "baseline", brokers: args.brokers.split(","), logLevel: logLevel.NOTHING });
const database = new pg.Pool({ connectionString: args.database, max: 8 });
await database.query(`create table if not exists node_baseline (node_id text primary key, node_type text not null,
  node_version text not null, endpoints jsonb not null, capabilities text[] not null, state text not null,
  correlation_id uuid not null, liveness_deadline timestamptz, registered_at timestamptz not null default now(),
  updated_at timestamptz not null default now())`);
await database.query(
  `create index if not exists node_baseline_by_deadline on node_baseline (liveness_deadline) where state = 'active'`,
);

const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 5 });
await producer.connect();
const put = async (path: string, body: object): Promise<void> => {
  const answer = await fetch(new URL(path, args.consul), { method: "PUT", body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`consul ${answer.status} ${(await answer.text()).slice(0, 200)}`);
  await answer.arrayBuffer();
};
await put("/v1/catalog/register", { Node: args.consulNode, Address: "127.0.0.1" });

const service = ({ node_id, node_type, correlationId }: Registration): object => ({
  Service: {
    Verb: "set",
    Node: args.consulNode,
    Service: {
      ID: `baseline-${node_type}-${node_id}`,
      Service: `baseline-${node_type}`,
      Tags: [`node_type:${node_type}`, "baseline"],
      Address: "10.0.0.1",
      Port: 8080,
      Meta: { node_id, correlation_id: correlationId },
    },
  },
});
async function consulAll(nodes: readonly Registration[]): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let at = next; at < nodes.length; at = next) {
      next += OPERATIONS_MAX;
      await put("/v1/txn", nodes.slice(at, at + OPERATIONS_MAX).map(service));
    }
  };
  await Promise.all(Array.from({ length: TRANSACTIONS_AT_ONCE }, lane));
}
const upsertAll = (nodes: readonly Registration[]): Promise<unknown> =>
  database.query({
    name: "upsert",
    text: `insert into node_baseline (node_id, node_type, node_version, endpoints, capabilities, state, correlation_id)
      select a, b, c, d, string_to_array(e, ','), 'accepted', f
        from unnest($1::text[], $2::text[], $3::text[], $4::jsonb[], $5::text[], $6::uuid[]) as t(a, b, c, d, e, f)
      on conflict (node_id) do update set node_type = excluded.node_type, node_version = excluded.node_version,
        endpoints = excluded.endpoints, capabilities = excluded.capabilities, state = excluded.state,
        correlation_id = excluded.correlation_id, updated_at = now()`,
    values: [
      nodes.map((n) => n.node_id),
      nodes.map((n) => n.node_type),
      nodes.map(({ node_version: { major, minor, patch } }) => `${major}.${minor}.${patch}`),
      nodes.map((n) => JSON.stringify(n.endpoints)),
      nodes.map((n) => n.capabilities.join(",")),
      nodes.map((n) => n.correlationId),
    ],
  });

const message = (
  type: string,
  { node_id, correlationId }: { node_id: string; correlationId: string },
  more: object = {},
): Message => ({
  key: node_id,
  value: JSON.stringify({ event_type: type, node_id, correlation_id: correlationId, ...more }),
  headers: { event_type: type },
});
const consume = async (
  name: string,
  topic: string,
  take: (values: Introspection[]) => Promise<unknown>,
): Promise<void> => {
  const consumer = kafka.consumer({ groupId: `baseline-${name}-${topic}`, maxWaitTimeInMs: 250 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
  await consumer.run({
    partitionsConsumedConcurrently: 12,
    eachBatch: async ({ batch }) => {
      await take(batch.messages.map(({ value }) => JSON.parse(value?.toString() ?? "{}") as Introspection));
    },
  });
  await joined;
};

const { topics } = args;
await consume("introspection", topics.introspection, async (read) => {
  const nodes = [...new Map(read.map((node) => [node.node_id, { ...node, correlationId: randomUUID() }])).values()];
  await Promise.all([upsertAll(nodes), consulAll(nodes)]);
  const messages = (type: string): Message[] => nodes.map((node) => message(type, node));
  await producer.sendBatch({
    acks: -1,
    topicMessages: [
      { topic: topics.initiated, messages: messages("NodeRegistrationInitiated") },
      { topic: topics.accepted, messages: messages("NodeRegistrationAccepted") },
    ],
  });
});
await consume("acked", topics.acked, async (read) => {
  const ids = [...new Set(read.map((node) => node.node_id))];
  const { rows } = await database.query<{ node_id: string; correlation_id: string; liveness_deadline: Date }>({
    name: "activate",
    text: `update node_baseline set state = 'active', liveness_deadline = now() + interval '30 seconds',
      updated_at = now() where node_id = any($1::text[]) and state = 'accepted'
      returning node_id, correlation_id, liveness_deadline`,
    values: [ids],
  });
  const nodes = rows.map((row) => ({ ...row, correlationId: row.correlation_id }));
  await producer.sendBatch({
    acks: -1,
    topicMessages: [
      { topic: topics.received, messages: nodes.map((node) => message("NodeRegistrationAckReceived", node)) },
      {
        topic: topics.active,
        messages: nodes.map((node) => message("NodeBecameActive", node, { liveness_deadline: node.liveness_deadline })),
      },
    ],
  });
});
process.stdout.write("ready\n");
