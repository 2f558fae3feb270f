export type ServiceName = "kafka" | "postgres" | "consul";
export type StopHow = "gracefully" | "kill";

export interface ServiceAddresses {
  /** KAFKA_BOOTSTRAP_SERVERS */
  readonly kafka: string;
  /** DATABASE_URL */
  readonly database: string;
  /** CONSUL_HTTP_ADDR */
  readonly consul: string;
  /** Loopback ports: clients that come to `target` are sent on to `listen`, where a test puts a proxy to `target`. */
  readonly kafkaProxied: { readonly listen: number; readonly target: number };
}

export interface ServiceStatus {
  readonly name: ServiceName;
  /** Null in Docker, and for a process that has ended. */
  readonly pid: number | null;
  readonly answers: boolean;
}

export const environmentOf = ({ kafka, database, consul }: ServiceAddresses): Readonly<Record<string, string>> => ({
  KAFKA_BOOTSTRAP_SERVERS: kafka,
  DATABASE_URL: database,
  CONSUL_HTTP_ADDR: consul,
});
