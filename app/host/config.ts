import { readFileSync } from "node:fs";
import { z } from "zod";
import type { KafkaAccess } from "../../client/kafka-connection.ts";
import { BACKEND_VARIABLES } from "../../effects/backends.ts";
import { ApiTokens, readApiTokens } from "./api-tokens.ts";
import { certificatesWithoutKeys, LISTENER_VARIABLES } from "./listener-variables.ts";
import type { Module, Variables } from "./module.ts";
import { isSecret, readModuleVariables, variablesOf } from "./module-variables.ts";
import { redactorOf } from "./redact.ts";

const integer = (min: number, max: number) => z.coerce.number<string>().int().min(min).max(max);
const segment = z.string().regex(/^[a-z0-9-]*$/, "only a-z, 0-9 and hyphens");
const secret = z.string().min(1);
const DAY_MS = 86_400_000;
const PartitionCount = integer(1, 1_000);
/** `orders=4,tools=2` */
const partitionsByDomain = z
  .string()
  .regex(/^[a-z][a-z0-9_]*=\d+(,[a-z][a-z0-9_]*=\d+)*$/, "domain=number, several with commas: orders=4,tools=2")
  .transform((text) => new Map(text.split(",").map((each) => each.split("=") as [domain: string, count: string])))
  .pipe(z.map(z.string(), PartitionCount));

/**
 * The configuration by environment variable, without what modules declare. The `describe()` texts are shown by
 * `rollcall start --help` and the configuration reference; one that ends in "(secret)" makes a secret of the variable.
 */
export const CONFIG_SCHEMA = z.object({
  ROLLCALL_ENV: segment.min(1).default("dev").describe("first segment of every topic"),
  ROLLCALL_NAMESPACE: segment.default("").describe("second segment of every topic; empty leaves none"),
  ROLLCALL_DATA_DIR: z.string().min(1).default(".rollcall").describe("where the embedded mode keeps its data"),
  ROLLCALL_PARTITIONS: PartitionCount.default(12).describe("partitions of topics that do not exist yet"),
  ROLLCALL_DOMAIN_PARTITIONS: partitionsByDomain
    .optional()
    .describe("the same for some domains: domain=number, several with commas"),
  ROLLCALL_HTTP_HOST: z.string().min(1).default("127.0.0.1").describe("address that HTTP listens on"),
  ROLLCALL_HTTP_PORT: integer(0, 65_535).default(8080).describe("port that HTTP listens on; 0 takes a free one"),
  ROLLCALL_API_TOKENS: secret
    .transform(
      (text, context) => new ApiTokens(readApiTokens(text, (message) => context.addIssue({ code: "custom", message }))),
    )
    .optional()
    .describe(
      "who may use the HTTP API: a line `role name token` each; needed for an address that other machines " +
        "reach (secret)",
    ),
  ...LISTENER_VARIABLES,
  ROLLCALL_LOG_LEVEL: z
    .enum(["trace", "debug", "info", "warn", "error", "silent"])
    .default("info")
    .describe("least level that is logged: trace, debug, info, warn, error or silent"),
  KAFKA_BOOTSTRAP_SERVERS: z
    .string()
    .regex(/^[^,\s]+:\d+(,[^,\s]+:\d+)*$/, "host:port, several with commas")
    .optional()
    .describe("Kafka; with DATABASE_URL the real mode"),
  KAFKA_GROUP_ID: z
    .string()
    .min(1)
    .max(200)
    .refine((name) => !/[{}]/.test(name.replaceAll("{domain}", "")), "the one placeholder is {domain}")
    .optional()
    .describe(
      "consumer group, with {domain} in it where several domains are served; " +
        "default rollcall.<env>.<namespace>.<domain>",
    ),
  KAFKA_SESSION_TIMEOUT_MS: integer(6_000, 300_000)
    .default(30_000)
    .describe("how long a silent process keeps its partitions, ms; shorter takes over sooner after a crash"),
  KAFKA_SASL_MECHANISM: z
    .enum(["plain", "scram-sha-256", "scram-sha-512"])
    .optional()
    .describe("plain, scram-sha-256 or scram-sha-512"),
  KAFKA_SASL_USERNAME: z.string().min(1).optional().describe("SASL user"),
  KAFKA_SASL_PASSWORD: secret.optional().describe("SASL password (secret)"),
  KAFKA_SSL: z.enum(["true", "false"]).default("false").describe("TLS to Kafka"),
  KAFKA_SSL_CA_FILE: z.string().min(1).optional().describe("file with the CA certificates (PEM)"),
  KAFKA_SSL_CERT_FILE: z.string().min(1).optional().describe("file with the client's certificate (PEM)"),
  KAFKA_SSL_KEY_FILE: z.string().min(1).optional().describe("file with the client's key (PEM)"),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, "postgres://user@host:port/database")
    .optional()
    .describe("Postgres; with KAFKA_BOOTSTRAP_SERVERS the real mode (secret)"),
  DATABASE_LISTEN_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, "postgres://user@host:port/database")
    .optional()
    .describe(
      "the same database without a pooler in transaction mode between, for LISTEN; default DATABASE_URL (secret)",
    ),
  DATABASE_POOL_MAX: integer(2, 200)
    .default(10)
    .describe("connections to Postgres; one more for LISTEN, and one where domains have jobs"),
  JOURNAL_KEEP: z
    .string()
    .regex(/^[1-9]\d{0,3}d$/, "a number of days: 90d")
    .transform((text) => Number(text.slice(0, -1)) * DAY_MS)
    .optional()
    .describe("how long a day of the journal is kept, such as 90d; not set: for good"),
  ...BACKEND_VARIABLES,
  ROLLCALL_FAILPOINT: z.string().optional().describe("crash point for tests; refused when NODE_ENV=production"),
  NODE_ENV: z.string().optional(),
});
type OwnConfig = z.infer<typeof CONFIG_SCHEMA>;
export type Config = OwnConfig & {
  /** The variables that modules declare, by the module's name. */
  readonly ofModules: Readonly<Record<string, Variables>>;
  /** Takes out of a text what nobody may see. */
  readonly redact: (text: string) => string;
};

export const SECRETS: readonly string[] = Object.entries(CONFIG_SCHEMA.shape).flatMap(([name, field]) =>
  isSecret(field) ? [name] : [],
);

/** An invalid configuration: each line names a variable and the remedy. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/**
 * @param modules whose variables are read too
 * @throws ConfigError with every problem at once
 */
export function readConfig(
  environment: Readonly<Record<string, string | undefined>>,
  modules: readonly Module[] = [],
): Config {
  const problems: string[] = [];
  const values: Record<string, string> = {};
  // An empty variable counts as unset: compose files can't leave one out.
  for (const [name, value] of Object.entries(environment))
    if (value !== undefined && value !== "") values[name] = value;
  const secrets = [...SECRETS, ...variablesOf(modules).flatMap(({ name, field }) => (isSecret(field) ? [name] : []))];
  for (const name of new Set(secrets)) {
    const value = readSecret(values, name, (problem) => problems.push(problem));
    if (value !== undefined) values[name] = value;
  }
  // Of tokens nothing is kept but their hashes.
  const kept = secrets.filter((name) => name !== "ROLLCALL_API_TOKENS");
  const redact = redactorOf(kept.flatMap((name) => values[name] ?? []));
  const { data, error } = CONFIG_SCHEMA.safeParse(values);
  for (const { path, message } of error?.issues ?? []) {
    const name = String(path[0]);
    const field = CONFIG_SCHEMA.shape[name as keyof typeof CONFIG_SCHEMA.shape];
    problems.push(`${name}: ${message} (${field?.description ?? "unknown"})`);
  }
  const ofModules = readModuleVariables(modules, values, (problem) => problems.push(problem));
  if (data) problems.push(...findContradictions(data));
  if (!data || problems.length > 0) throw new ConfigError(redact(problems.join("\n")));
  return { ...data, ofModules, redact };
}

/** The configuration of a command that uses only the store: without DATABASE_URL, Kafka's variable is ignored. */
export function readStoreConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const isReal = environment["DATABASE_URL"] || environment["DATABASE_URL_FILE"];
  const servers = isReal ? environment["KAFKA_BOOTSTRAP_SERVERS"] || "not-asked:1" : undefined;
  return readConfig({ ...environment, KAFKA_BOOTSTRAP_SERVERS: servers });
}

/** Brokers, SASL and TLS for a Kafka client, from the configuration's variables and files. */
export function kafkaAccess(config: Config, servers: string): KafkaAccess {
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password } = config;
  const { KAFKA_SSL_CA_FILE: ca, KAFKA_SSL_CERT_FILE: cert, KAFKA_SSL_KEY_FILE: key } = config;
  const hasTls = config.KAFKA_SSL === "true" || ca !== undefined || cert !== undefined;
  const read = (file: string): string => readFileSync(file, "utf8");
  return {
    brokers: servers.split(","),
    ...(mechanism && username && password && { sasl: { mechanism, username, password } }),
    ...(hasTls && {
      ssl: { ...(ca && { ca: read(ca) }), ...(cert && { cert: read(cert) }), ...(key && { key: read(key) }) },
    }),
  };
}

/** The variable's value, or the trimmed content of the file that NAME_FILE names. */
function readSecret(
  values: Readonly<Record<string, string | undefined>>,
  name: string,
  onProblem: (problem: string) => void,
): string | undefined {
  const file = values[`${name}_FILE`];
  if (!file) return values[name];
  if (values[name]) onProblem(`${name} and ${name}_FILE are both set: keep one`);
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    onProblem(`${name}_FILE: can't read the file (${(error as NodeJS.ErrnoException).code}): give a readable one`);
    return undefined;
  }
}

/**
 * The token that commands and simulated nodes send to a server.
 * @throws ConfigError for a file that can't be read, and a token with characters that a header can't carry
 */
export function clientToken(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const token = readSecret(environment, "ROLLCALL_TOKEN", (problem) => {
    throw new ConfigError(problem);
  });
  if (!token) return undefined;
  if (!/^[\x21-\x7e]+$/.test(token)) throw new ConfigError("ROLLCALL_TOKEN has characters that a header can't carry");
  return token;
}

function findContradictions(config: OwnConfig): string[] {
  const problems: string[] = [];
  const { KAFKA_BOOTSTRAP_SERVERS: kafka, DATABASE_URL: database } = config;
  if (kafka !== undefined && database === undefined)
    problems.push(
      "KAFKA_BOOTSTRAP_SERVERS is set without DATABASE_URL: Kafka's offsets and the state must be stored where " +
        "other processes see them; set both, or neither for the embedded mode",
    );
  if (database !== undefined && kafka === undefined)
    problems.push(
      "DATABASE_URL is set without KAFKA_BOOTSTRAP_SERVERS: several processes on one database need a bus that " +
        "spreads the partitions; set both, or neither for the embedded mode",
    );
  if (config.DATABASE_LISTEN_URL !== undefined && database === undefined)
    problems.push("DATABASE_LISTEN_URL is set without DATABASE_URL: it is another way to the same database; unset it");
  const sasl = [config.KAFKA_SASL_MECHANISM, config.KAFKA_SASL_USERNAME, config.KAFKA_SASL_PASSWORD];
  if (sasl.some((value) => value !== undefined) && sasl.includes(undefined))
    problems.push(
      "KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD go together: set all three or none",
    );
  if ((config.KAFKA_SSL_CERT_FILE === undefined) !== (config.KAFKA_SSL_KEY_FILE === undefined))
    problems.push("KAFKA_SSL_CERT_FILE and KAFKA_SSL_KEY_FILE go together: set both or none");
  problems.push(...certificatesWithoutKeys(config));
  if (!isLoopback(config.ROLLCALL_HTTP_HOST) && config.ROLLCALL_API_TOKENS === undefined)
    problems.push(
      `ROLLCALL_HTTP_HOST=${config.ROLLCALL_HTTP_HOST} is reachable from other machines, and whoever reaches ` +
        "it could change everything: set ROLLCALL_API_TOKENS or ROLLCALL_API_TOKENS_FILE " +
        "(docs/guide/security.md), or keep 127.0.0.1",
    );
  if (config.ROLLCALL_FAILPOINT !== undefined && config.NODE_ENV === "production")
    problems.push("ROLLCALL_FAILPOINT can't be armed when NODE_ENV=production: unset it");
  return problems;
}

/** Whether only this machine reaches the address. */
export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);
