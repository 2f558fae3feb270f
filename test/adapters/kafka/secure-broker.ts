import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePorts } from "../../real/services/free-ports.ts";
import { addUser, createInstance, removeInstance, startService } from "../../real/services/instance.ts";
import { downloadKafka, kafkaClasspath } from "../../real/services/kafka-download.ts";
import { kafkaAnswers, kafkaNode } from "../../real/services/kafka.ts";
import { instancesDir, lockFile } from "../../real/services/places.ts";
import { run } from "../../real/services/run.ts";
import { newClusterId } from "../../real/services/single-broker.ts";
import { withLock } from "../../real/services/with-lock.ts";

export interface SecureBroker {
  readonly bootstrapServers: string;
  readonly username: string;
  readonly password: string;
  /** One self-signed certificate, used as the broker's, the authority's and the client's. */
  readonly cert: string;
  readonly key: string;
  stop(): Promise<void>;
}

/** A broker that requires a client certificate and credentials. A plain process, even where Docker is installed. */
export async function startSecureBroker(): Promise<SecureBroker> {
  await withLock(lockFile, downloadKafka);
  const dir = join(instancesDir, `secure-${randomBytes(4).toString("hex")}`);
  const instance = createInstance(dir, await freePorts(["plain", "secure", "controller"]));
  addUser(instance);
  const at = (name: string): string => `127.0.0.1:${instance.ports[name]}`;
  const { cert, key, keystore } = await makeCertificate(dir);
  const [username, password] = ["rollcall", "correct horse"] as const;
  const scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;";
  const service = kafkaNode({
    name: "kafka",
    dir,
    clusterId: newClusterId(),
    heapMb: 256,
    properties: {
      "process.roles": "broker,controller",
      "node.id": 1,
      "controller.quorum.voters": `1@${at("controller")}`,
      listeners: `PLAINTEXT://${at("plain")},SECURE://${at("secure")},CONTROLLER://${at("controller")}`,
      "advertised.listeners": `PLAINTEXT://${at("plain")},SECURE://${at("secure")}`,
      "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL,CONTROLLER:PLAINTEXT",
      "inter.broker.listener.name": "PLAINTEXT",
      "offsets.topic.replication.factor": 1,
      "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
      "listener.name.secure.plain.sasl.jaas.config":
        "org.apache.kafka.common.security.plain.PlainLoginModule required " + `user_${username}="${password}";`,
      "listener.name.secure.scram-sha-256.sasl.jaas.config": scram,
      "listener.name.secure.scram-sha-512.sasl.jaas.config": scram,
      "listener.name.secure.ssl.client.auth": "required",
      "ssl.keystore.type": "PEM",
      "ssl.keystore.location": keystore,
      "ssl.truststore.type": "PEM",
      "ssl.truststore.location": keystore,
    },
    answers: () => kafkaAnswers(at("plain"), 1),
  });
  const stop = () => removeInstance(instance);
  try {
    await startService(instance, service);
    // One request for each mechanism: a request may change a user only once.
    for (const mechanism of ["SCRAM-SHA-256", "SCRAM-SHA-512"]) {
      const change = ["--alter", "--add-config", `${mechanism}=[password=${password}]`];
      const user = ["--entity-type", "users", "--entity-name", username];
      const command = ["kafka.admin.ConfigCommand", "--bootstrap-server", at("plain"), ...change, ...user];
      await run("java", ["-cp", kafkaClasspath, ...command]);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { bootstrapServers: at("secure"), username, password, cert, key, stop };
}

async function makeCertificate(dir: string): Promise<{ cert: string; key: string; keystore: string }> {
  await mkdir(dir, { recursive: true });
  const [certFile, keyFile, keystore] = ["cert.pem", "key.pem", "keystore.pem"].map((name) => join(dir, name)) as [
    string,
    string,
    string,
  ];
  const subject = ["-subj", "/CN=rollcall", "-addext", "subjectAltName=IP:127.0.0.1"];
  const output = ["-keyout", keyFile, "-out", certFile];
  await run("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", ...subject, ...output]);
  const [cert, key] = await Promise.all([readFile(certFile, "utf8"), readFile(keyFile, "utf8")]);
  await writeFile(keystore, key + cert);
  return { cert, key, keystore };
}
