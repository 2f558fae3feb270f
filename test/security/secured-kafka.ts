import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  Kafka,
  logLevel,
  ResourcePatternTypes,
} from "kafkajs";
import type { KafkaAccess } from "../../client/kafka-connection.ts";
import { freePorts } from "../real/services/free-ports.ts";
import { addUser, createInstance, removeInstance, startService } from "../real/services/instance.ts";
import { downloadKafka } from "../real/services/kafka-download.ts";
import { kafkaAnswers, kafkaNode } from "../real/services/kafka.ts";
import { instancesDir, lockFile } from "../real/services/places.ts";
import { newClusterId } from "../real/services/single-broker.ts";
import { waitUntil } from "../real/services/wait-until.ts";
import { withLock } from "../real/services/with-lock.ts";
import { type Certificates, makeCertificates } from "./certificates.ts";

export const USERS = {
  runtime: "canary-kafka-runtime-5e1d",
  node: "canary-kafka-node-77c2",
  dashboard: "canary-kafka-dashboard-19ab",
  stranger: "canary-kafka-stranger-c0de",
} as const;
export type KafkaUser = keyof typeof USERS;

/** One permission, as the guide's table has it. */
export interface Grant {
  readonly user: KafkaUser;
  readonly resource: string;
  readonly pattern: string;
  readonly name: string;
  readonly operation: string;
}

/**
 * A broker with TLS, SCRAM and no default permissions on one listener; the other listener is the administrator's.
 */
export class SecuredKafka {
  readonly certificates: Certificates;
  readonly bootstrapServers: string;
  /** The same broker by a name that its certificate does not have. */
  readonly otherName: string;
  /** The listener without any access control. */
  readonly admin: Kafka;
  readonly stop: () => Promise<void>;

  private constructor(
    certificates: Certificates,
    ports: Record<"plain" | "secure", number>,
    stop: () => Promise<void>,
  ) {
    this.certificates = certificates;
    this.bootstrapServers = `127.0.0.1:${ports.secure}`;
    this.otherName = `localhost:${ports.secure}`;
    this.admin = new Kafka({ brokers: [`127.0.0.1:${ports.plain}`], logLevel: logLevel.NOTHING });
    this.stop = stop;
  }

  static async start(): Promise<SecuredKafka> {
    await withLock(lockFile, downloadKafka);
    const dir = join(instancesDir, `secured-${randomBytes(4).toString("hex")}`);
    const ports = await freePorts(["plain", "secure", "controller"]);
    const instance = createInstance(dir, ports);
    addUser(instance);
    const certificates = await makeCertificates(join(dir, "tls"));
    const keystore = join(dir, "tls", "keystore.pem");
    await writeFile(keystore, certificates.key + certificates.cert + certificates.ca);
    const at = (port: number): string => `127.0.0.1:${port}`;
    const service = kafkaNode({
      name: "kafka",
      dir,
      clusterId: newClusterId(),
      heapMb: 256,
      scramUsers: USERS,
      properties: {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": `1@${at(ports.controller)}`,
        listeners: `PLAINTEXT://${at(ports.plain)},SECURE://${at(ports.secure)},CONTROLLER://${at(ports.controller)}`,
        "advertised.listeners": `PLAINTEXT://${at(ports.plain)},SECURE://${at(ports.secure)}`,
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "PLAINTEXT",
        "offsets.topic.replication.factor": 1,
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.secure.scram-sha-512.sasl.jaas.config":
          "org.apache.kafka.common.security.scram.ScramLoginModule required;",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": keystore,
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": false,
        "super.users": "User:ANONYMOUS",
      },
      answers: () => kafkaAnswers(at(ports.plain), 1),
    });
    const stop = (): Promise<void> => removeInstance(instance);
    try {
      await startService(instance, service);
    } catch (error) {
      await stop();
      throw error;
    }
    return new SecuredKafka(certificates, ports, stop);
  }

  access(user: KafkaUser): Pick<KafkaAccess, "sasl" | "ssl"> {
    const sasl = { mechanism: "scram-sha-512", username: user, password: USERS[user] } as const;
    return { sasl, ssl: { ca: this.certificates.ca } };
  }

  /** Environment variables with which `rollcall` is this user. */
  environment(user: KafkaUser): Readonly<Record<string, string>> {
    return {
      KAFKA_BOOTSTRAP_SERVERS: this.bootstrapServers,
      KAFKA_SASL_MECHANISM: "scram-sha-512",
      KAFKA_SASL_USERNAME: user,
      KAFKA_SASL_PASSWORD: USERS[user],
      KAFKA_SSL: "true",
      KAFKA_SSL_CA_FILE: this.certificates.caFile,
    };
  }

  async grant(grants: readonly Grant[]): Promise<void> {
    const admin = this.admin.admin();
    await admin.connect();
    try {
      await admin.createAcls({
        acl: grants.map(({ user, resource, pattern, name, operation }) => ({
          principal: `User:${user}`,
          host: "*",
          permissionType: AclPermissionTypes.ALLOW,
          resourceName: name,
          resourceType: resource === "group" ? AclResourceTypes.GROUP : AclResourceTypes.TOPIC,
          resourcePatternType: pattern === "prefixed" ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
          operation: operationOf(operation),
        })),
      });
      // The controller has the grant before the broker's copy does.
      const all = { principal: undefined, host: undefined } as object;
      const filter = {
        ...all,
        resourceType: AclResourceTypes.ANY,
        resourcePatternType: ResourcePatternTypes.ANY,
        operation: AclOperationTypes.ANY,
        permissionType: AclPermissionTypes.ANY,
      };
      await waitUntil(
        async () => {
          const { resources } = await admin.describeAcls(filter as Parameters<typeof admin.describeAcls>[0]);
          const known = new Set(resources.map(({ resourceName }) => resourceName));
          const missing = grants.find(({ name }) => !known.has(name));
          if (missing !== undefined) throw new Error(`${missing.name} is not known yet`);
        },
        { what: "the authorizer", timeoutMs: 30_000 },
      );
    } finally {
      await admin.disconnect();
    }
  }
}

function operationOf(name: string): AclOperationTypes {
  const operations: Readonly<Record<string, AclOperationTypes>> = {
    Read: AclOperationTypes.READ,
    Write: AclOperationTypes.WRITE,
    Create: AclOperationTypes.CREATE,
    DescribeConfigs: AclOperationTypes.DESCRIBE_CONFIGS,
  };
  const operation = operations[name];
  if (operation === undefined) throw new Error(`no operation ${name}`);
  return operation;
}
