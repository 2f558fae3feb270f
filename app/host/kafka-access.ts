import { readFileSync } from "node:fs";
import type { KafkaAccess } from "../../client/kafka-connection.ts";
import type { Config } from "./config.ts";

/** SASL and TLS for a Kafka client, from the configuration's variables and files. */
export function kafkaAccess(config: Config): Pick<KafkaAccess, "sasl" | "ssl"> {
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password } = config;
  return { ...(mechanism && username && password && { sasl: { mechanism, username, password } }), ...tlsOf(config) };
}

function tlsOf(config: Config): Pick<KafkaAccess, "ssl"> {
  const { KAFKA_SSL_CA_FILE: ca, KAFKA_SSL_CERT_FILE: cert, KAFKA_SSL_KEY_FILE: key } = config;
  if (config.KAFKA_SSL !== "true" && ca === undefined && cert === undefined) return {};
  const read = (file: string): string => readFileSync(file, "utf8");
  return { ssl: { ...(ca && { ca: read(ca) }), ...(cert && { cert: read(cert) }), ...(key && { key: read(key) }) } };
}
