import { randomBytes } from "node:crypto";
import type { Service } from "./instance.ts";
import { kafkaAnswers, kafkaNode } from "./kafka.ts";

export interface SingleBrokerPorts {
  readonly kafka: number;
  readonly kafkaController: number;
  /** Where the broker listens for clients that come through a proxy … */
  readonly kafkaProxied: number;
  /** … and where it tells them that it is: a test puts its proxy there. */
  readonly kafkaProxy: number;
}

/** One process that is broker and controller. */
export function singleBroker(dir: string, ports: SingleBrokerPorts): Service {
  const at = (port: number): string => `127.0.0.1:${port}`;
  return kafkaNode({
    name: "kafka",
    dir,
    clusterId: newClusterId(),
    heapMb: 512,
    properties: {
      "process.roles": "broker,controller",
      "node.id": 1,
      "controller.quorum.voters": `1@${at(ports.kafkaController)}`,
      listeners: [
        `PLAINTEXT://${at(ports.kafka)}`,
        `PROXIED://${at(ports.kafkaProxied)}`,
        `CONTROLLER://${at(ports.kafkaController)}`,
      ].join(","),
      "advertised.listeners": `PLAINTEXT://${at(ports.kafka)},PROXIED://${at(ports.kafkaProxy)}`,
      "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT",
      "inter.broker.listener.name": "PLAINTEXT",
      "offsets.topic.replication.factor": 1,
      "transaction.state.log.replication.factor": 1,
      "transaction.state.log.min.isr": 1,
      // How long the cluster's entry of a killed broker blocks its restart: half of the default.
      "broker.session.timeout.ms": 4_500,
    },
    answers: () => kafkaAnswers(at(ports.kafka), 1),
  });
}

/** What `StorageTool random-uuid` prints, without a second on a Java start. */
export function newClusterId(): string {
  return randomBytes(16).toString("base64url").replace(/^-/, "A");
}
