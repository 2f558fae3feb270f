import { setTimeout as sleep } from "node:timers/promises";
import { Kafka, logLevel, Partitioners } from "kafkajs";
import type { RealWorld } from "./real-world.ts";
import { TestNode } from "./test-node.ts";
import { envelopeFor } from "../world.ts";

const TICK_MS = 500;

/** Calls it again and again; the function returned ends that, and rejects if a call did. */
function everyTick(work: () => Promise<void>): () => Promise<void> {
  let isEnded = false;
  const ended = (async () => {
    while (!isEnded) {
      await work();
      await sleep(TICK_MS);
    }
  })();
  ended.catch(() => {});
  return () => ((isEnded = true), ended);
}

/** Each tick one more node introspects; all answer when they are accepted, and send heartbeats from then on. */
export function nodeLoad(world: RealWorld) {
  const nodes: TestNode[] = [];
  const answered = new Set<TestNode>();
  let isOpen = true;
  const end = everyTick(async () => {
    if (isOpen) await nodes[nodes.push(new TestNode(world, `node-${nodes.length}`)) - 1]?.introspect();
    for (const each of nodes) {
      if (answered.has(each) || each.events("NodeRegistrationAccepted").length === 0) continue;
      answered.add(each);
      await each.ack();
    }
    const beats = [...answered].map(({ id }) => ({ node_id: id, uptime_seconds: 1 }));
    if (beats.length > 0) await world.publishAll("NodeHeartbeatEvent", beats);
  });
  const isActive = (node: TestNode): boolean => node.events("NodeBecameActive").length > 0;
  return {
    nodes,
    active: () => [...answered].filter(isActive).length,
    /** From now on no more nodes. */
    close: () => void (isOpen = false),
    end,
  };
}

/** How many ticks a parcel stays in the locker. */
const STORED_TICKS = 6;

/** Each tick one more parcel of the example's domain is stored, and an older one is collected. */
export async function parcelLoad(brokers: string, topic: string) {
  const kafka = new Kafka({ brokers: brokers.split(","), clientId: "stranger", logLevel: logLevel.NOTHING });
  const producer = kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  const send = (type: string, parcel_id: string, fields: object = {}): Promise<unknown> => {
    const value = JSON.stringify(envelopeFor(type, { parcel_id, ...fields }, {}));
    return producer.send({ topic, acks: -1, messages: [{ key: parcel_id, value }] });
  };
  const parcels: string[] = [];
  let collected = 0;
  const collectUntil = async (count: number): Promise<void> => {
    while (collected < count) await send("CollectParcel", parcels[collected++] ?? "");
  };
  const end = everyTick(async () => {
    const id = `parcel-${parcels.length}`;
    parcels.push(id);
    await send("StoreParcel", id, { email: "ann@example.com" });
    await collectUntil(parcels.length - STORED_TICKS);
  });
  return {
    parcels,
    /** Collects what is left. */
    async end(): Promise<void> {
      await end();
      await collectUntil(parcels.length);
      await producer.disconnect();
    },
  };
}
