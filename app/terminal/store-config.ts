import { type Config, readConfig } from "../host/config.ts";

/** The configuration of a command that uses only the store: without DATABASE_URL, Kafka's variable is ignored. */
export function readStoreConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const isReal = environment["DATABASE_URL"] || environment["DATABASE_URL_FILE"];
  const servers = isReal ? environment["KAFKA_BOOTSTRAP_SERVERS"] || "not-asked:1" : undefined;
  return readConfig({ ...environment, KAFKA_BOOTSTRAP_SERVERS: servers });
}
