import { Kafka, logLevel, type Message } from "kafkajs";
import pg from "pg";

/**
 * What a hand-written program can reach on the same topics: kafkajs, one statement and Consul transactions a batch, no
 * contracts, no machine, no journal, no dedupe, no retry, no fencing. Arguments: a JSON object in BENCH_BASELINE.
 */
interface Arguments {
  readonly brokers: string;
  readonly database: string;
  readonly consul: string;
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
  readonly endpoints: object;
  readonly capabilities: readonly string[];
}

const args = JSON.parse(process.env["BENCH_BASELINE"] ?? "{}") as Arguments;
const kafka = new Kafka({ clientId: "baseline", brokers: args.brokers.split(","), logLevel: logLevel.NOTHING });
const database = new pg.Pool({ connectionString: args.database, max: 8 });
await database.query(`create table if not exists node_baseline (node_id text primary key, node_type text not null,
  endpoints jsonb not null, capabilities text not null, state text not null, updated_at timestamptz not null default now())`);

const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 5 });
await producer.connect();
const put = async (path: string, body: object): Promise<void> => {
  const answer = await fetch(new URL(path, args.consul), { method: "PUT", body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`consul ${answer.status} ${(await answer.text()).slice(0, 200)}`);
  await answer.arrayBuffer();
};
await put("/v1/catalog/register", { Node: "bench-baseline", Address: "127.0.0.1" });

const service = (node: Introspection): object => ({
  Service: {
    Verb: "set",
    Node: "bench-baseline",
    Service: {
      ID: `baseline-${node.node_id}`,
      Service: "baseline",
      Tags: [`node_type:${node.node_type}`],
      Address: "10.0.0.1",
      Port: 8080,
    },
  },
});
const consulAll = (nodes: readonly Introspection[]): Promise<unknown> =>
  Promise.all(
    Array.from({ length: Math.ceil(nodes.length / 64) }, (_, i) =>
      put("/v1/txn", nodes.slice(i * 64, i * 64 + 64).map(service)),
    ),
  );
const upsertAll = (nodes: readonly Introspection[]): Promise<unknown> =>
  database.query({
    name: "upsert",
    text: `insert into node_baseline (node_id, node_type, endpoints, capabilities, state)
      select a, b, c, d, 'accepted' from unnest($1::text[], $2::text[], $3::jsonb[], $4::text[]) as t(a, b, c, d)
      on conflict (node_id) do update set node_type = excluded.node_type, endpoints = excluded.endpoints,
        capabilities = excluded.capabilities, state = excluded.state, updated_at = now()`,
    values: [
      nodes.map((n) => n.node_id),
      nodes.map((n) => n.node_type),
      nodes.map((n) => JSON.stringify(n.endpoints)),
      nodes.map((n) => n.capabilities.join(",")),
    ],
  });

const message = (type: string, nodeId: string): Message => ({
  key: nodeId,
  value: JSON.stringify({ payload_type: type, node_id: nodeId }),
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
  const nodes = [...new Map(read.map((node) => [node.node_id, node])).values()];
  await Promise.all([upsertAll(nodes), consulAll(nodes)]);
  const messages = (type: string): Message[] => nodes.map((node) => message(type, node.node_id));
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
  await database.query({ name: "activate", text: `update node_baseline set state = 'active', updated_at = now() where node_id = any($1::text[])`, values: [ids] }); // prettier-ignore
  await producer.sendBatch({
    acks: -1,
    topicMessages: [
      { topic: topics.received, messages: ids.map((id) => message("NodeRegistrationAckReceived", id)) },
      { topic: topics.active, messages: ids.map((id) => message("NodeBecameActive", id)) },
    ],
  });
});
process.stdout.write("ready\n");
