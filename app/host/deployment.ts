import { readClusterId } from "../../runtime/adapters/kafka/kafka-topics.ts";
import { SystemClock } from "../../runtime/adapters/system-clock.ts";
import type { Deployment } from "../../runtime/shell/deployment.ts";
import { type Config, ConfigError, kafkaAccess } from "./config.ts";

type GroupVariables = Pick<
  Config,
  "ROLLCALL_ENV" | "ROLLCALL_NAMESPACE" | "KAFKA_GROUP_ID" | "KAFKA_BOOTSTRAP_SERVERS"
>;

/** The consumer group of a domain: KAFKA_GROUP_ID with its name, else one named after the deployment. */
export const consumerGroupOf = (
  { ROLLCALL_ENV: env, ROLLCALL_NAMESPACE: namespace, KAFKA_GROUP_ID: template }: GroupVariables,
  domain: string,
): string =>
  template?.replaceAll("{domain}", domain) ??
  ["rollcall", env, namespace, domain].filter((part) => part !== "").join(".");

/**
 * The consumer group of each domain; null in the embedded mode.
 * @throws ConfigError for one group of several domains: its members would get partitions of each other's topics
 */
export function consumerGroupsOf(variables: GroupVariables, domains: readonly string[]): Deployment["consumerGroups"] {
  const { KAFKA_GROUP_ID: template, KAFKA_BOOTSTRAP_SERVERS: servers } = variables;
  if (servers === undefined) return Object.fromEntries(domains.map((domain) => [domain, null]));
  if (template !== undefined && domains.length > 1 && !template.includes("{domain}"))
    throw new ConfigError(
      `KAFKA_GROUP_ID=${template} is one group, and ${domains.length} domains are served (${domains.join(", ")}): ` +
        `set KAFKA_GROUP_ID=${template}.{domain}, or unset it for rollcall.<env>.<namespace>.<domain>`,
    );
  return Object.fromEntries(domains.map((domain) => [domain, consumerGroupOf(variables, domain)]));
}

/**
 * What the store is to remember of a process with these consumer groups.
 * @throws Fault BUS_UNAVAILABLE, BUS_REFUSED
 */
export async function deploymentOf(config: Config, consumerGroups: Deployment["consumerGroups"]): Promise<Deployment> {
  const { ROLLCALL_ENV: env, ROLLCALL_NAMESPACE: namespace } = config;
  return { env, namespace, clusterId: await configuredClusterId(config), consumerGroups };
}

/** Null in the embedded mode, and for a broker that reports none. @throws Fault BUS_UNAVAILABLE, BUS_REFUSED */
export async function configuredClusterId(config: Config): Promise<string | null> {
  const { KAFKA_BOOTSTRAP_SERVERS: servers } = config;
  if (servers === undefined) return null;
  const client = { clientId: "rollcall", groupId: "rollcall", clock: new SystemClock() };
  return readClusterId({ ...kafkaAccess(config, servers), ...client });
}
