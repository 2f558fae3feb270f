import { type Config, readConfig } from "../host/config.ts";

/** The configuration of a command that needs the tables alone: Kafka's variable may be missing, or be alone. */
export function readStoreConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const isReal = environment["DATABASE_URL"] || environment["DATABASE_URL_FILE"];
  const servers = isReal ? environment["KAFKA_BOOTSTRAP_SERVERS"] || "not-asked:1" : undefined;
  return readConfig({ ...environment, KAFKA_BOOTSTRAP_SERVERS: servers });
}
