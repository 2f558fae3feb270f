import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { createConnection } from "node:net";
import { once } from "node:events";
import { freePorts } from "./free-ports.ts";
import {
  addUser,
  createInstance,
  removeAbandonedInstances,
  removeInstance,
  startService,
  stopService,
  type Instance,
  type Service,
} from "./instance.ts";
import { downloadKafka } from "./kafka-download.ts";
import { kafkaAnswers, kafkaNode } from "./kafka.ts";
import { instancesDir, lockFile } from "./places.ts";
import { newClusterId } from "./single-broker.ts";
import { withLock } from "./with-lock.ts";

interface ClusterBroker {
  readonly nodeId: number;
  readonly address: string;
  /** Hands its leaderships to the other broker first. */
  stop(): Promise<void>;
  /** `kill -9`: the other broker takes over when the session of 3 s has ended. */
  kill(): Promise<void>;
  /** On the same address with the same data; resolves when both brokers are in the cluster again. */
  start(): Promise<void>;
}

export interface TwoBrokerCluster {
  readonly bootstrapServers: string;
  readonly brokers: readonly [ClusterBroker, ClusterBroker];
  /** Ends the cluster and deletes its data. */
  stop(): Promise<void>;
}

/**
 * Two brokers and a controller of its own, so that either broker may go and leaders still move; they stay where they
 * moved to. Topics get two replicas. Plain processes, with Docker too; about 5 s.
 * @throws ServicesImpossible: no Java, or Kafka can't be downloaded
 */
export async function startTwoBrokerCluster(): Promise<TwoBrokerCluster> {
  const instance = await withLock(lockFile, async () => {
    await removeAbandonedInstances();
    await downloadKafka();
    const dir = join(instancesDir, `two-brokers-${randomBytes(4).toString("hex")}`);
    const created = createInstance(dir, await freePorts(["controller", "broker1", "broker2"]));
    addUser(created);
    return created;
  });
  const { controller, brokers } = servicesOf(instance);
  await Promise.all([controller, ...brokers].map((service) => startService(instance, service)));
  const [first, second] = brokers.map((service, index) => clusterBroker(instance, service, index + 1));
  if (first === undefined || second === undefined) throw new Error("there are two brokers");
  return {
    bootstrapServers: `${first.address},${second.address}`,
    brokers: [first, second],
    stop: () => removeInstance(instance),
  };
}

const clusterBroker = (instance: Instance, service: Service, nodeId: number): ClusterBroker => ({
  nodeId,
  address: addressOf(instance, `broker${nodeId}`),
  stop: () => stopService(instance, service, "gracefully"),
  kill: () => stopService(instance, service, "kill"),
  start: () => startService(instance, service),
});

const addressOf = ({ ports }: Instance, name: string): string => `127.0.0.1:${ports[name]}`;

function servicesOf(instance: Instance): { controller: Service; brokers: readonly Service[] } {
  const controllerAddress = addressOf(instance, "controller");
  const shared = { dir: instance.dir, clusterId: newClusterId(), heapMb: 256 };
  const quorum = { "controller.quorum.voters": `100@${controllerAddress}` };
  const controller = kafkaNode({
    ...shared,
    name: "controller",
    properties: {
      ...quorum,
      "process.roles": "controller",
      "node.id": 100,
      listeners: `CONTROLLER://${controllerAddress}`,
      "broker.session.timeout.ms": 3_000,
      "auto.leader.rebalance.enable": false,
      "default.replication.factor": 2,
    },
    answers: () => accepts(instance.ports["controller"] ?? 0),
  });
  const broker = (nodeId: number): Service =>
    kafkaNode({
      ...shared,
      name: `broker${nodeId}`,
      properties: {
        ...quorum,
        "process.roles": "broker",
        "node.id": nodeId,
        listeners: `PLAINTEXT://${addressOf(instance, `broker${nodeId}`)}`,
        "broker.heartbeat.interval.ms": 500,
        "default.replication.factor": 2,
        "offsets.topic.replication.factor": 2,
        "transaction.state.log.replication.factor": 2,
        "transaction.state.log.min.isr": 1,
      },
      answers: () => kafkaAnswers(addressOf(instance, `broker${nodeId}`), 2),
    });
  return { controller, brokers: [broker(1), broker(2)] };
}

/** A controller speaks no protocol that a client knows. */
async function accepts(port: number): Promise<void> {
  const socket = createConnection({ host: "127.0.0.1", port });
  try {
    await once(socket, "connect");
  } finally {
    socket.destroy();
  }
}
