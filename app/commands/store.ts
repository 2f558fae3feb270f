import { randomBytes } from "node:crypto";
import { type Command, InvalidArgumentError } from "commander";
import { KafkaBus } from "../../runtime/adapters/kafka/kafka-bus.ts";
import { PostgresStore } from "../../runtime/adapters/postgres/postgres-store.ts";
import { migrate } from "../../runtime/adapters/sql/migrate.ts";
import { SystemClock } from "../../runtime/adapters/system-clock.ts";
import { compileDomain } from "../../runtime/contract/compile/compile-domain.ts";
import { DOOR_AGE_MAX_MS } from "../../runtime/core/door-seal.ts";
import type { Domain } from "../../runtime/core/domain.ts";
import type { ByTopicPartition, LogEnds } from "../../runtime/ports/event-bus.ts";
import type { Sql, Store } from "../../runtime/ports/store.ts";
import { type Deployment, moveStore, readDeployment } from "../../runtime/shell/deployment.ts";
import { prepareProjections } from "../../runtime/shell/projections/change-projections.ts";
import { topicsOf } from "../../runtime/shell/topics.ts";
import { rotateDoorKey } from "../../runtime/stored/door-keys.ts";
import { deleteSourceOffset, readSourceOffsets } from "../../runtime/stored/source-offsets.ts";
import { DOOR_SECRET_BYTES, migrationsOf } from "../host/open-shared.ts";
import { kafkaAccess, readConfig, readStoreConfig } from "../host/config.ts";
import { configuredClusterId } from "../host/deployment.ts";
import { readContracts } from "../host/contracts-in-force.ts";
import { declaredDomains } from "../host/declared-domains.ts";
import type { Module } from "../host/module.ts";
import { chosenModules } from "../host/modules.ts";
import { type ModuleOptions, readFolder } from "../terminal/contract-folder.ts";
import { type DomainOptions, withDomainOption } from "../terminal/domain-choice.ts";
import { withStore } from "../terminal/open-store.ts";
import { withModuleOption } from "../terminal/option-values.ts";
import { clearProgress, print, printJson, printTable, showProgress } from "../terminal/output.ts";

const BUS_TIMEOUT_MS = 15_000;

interface OffsetsOptions extends ModuleOptions, DomainOptions {
  readonly contracts?: string;
  readonly json: boolean;
}
interface StoredOffset {
  readonly topic: string;
  readonly partition: number;
  /** The offset that is read next. */
  readonly stored: number;
  readonly end: number;
}

export function addCommands(program: Command): void {
  withModuleOption(program.command("migrate"))
    .description("creates and updates the tables in DATABASE_URL, those of the modules too; start does it as well")
    .option("--json", "print JSON", false)
    .action(applyMigrations);
  const offsets = program.command("offsets").description("how far each topic was read, as the store has it");
  withOffsetsOptions(offsets.command("show")).description("every stored offset, and where its log ends").action(show);
  withOffsetsOptions(offsets.command("reset"))
    .description(
      "lists stored offsets above their log's end, because of which partitions are refused (exit 1); --yes " +
        "deletes them, so that reading begins at the log's earliest message",
    )
    .option("--yes", "delete them", false)
    .action(reset);
  const store = program.command("store").description("what the store remembers of the deployment that it belongs to");
  store
    .command("show")
    .description("the environment, namespace, Kafka cluster and consumer groups that it belongs to")
    .option("--json", "print JSON", false)
    .action(showDeployment);
  store
    .command("move")
    .description(
      "makes the store that of another deployment; every process on it must have been stopped. The consumer groups " +
        "that are not named are forgotten: the next start decides",
    )
    .requiredOption("--env <env>", "ROLLCALL_ENV from now on")
    .option("--namespace <namespace>", "ROLLCALL_NAMESPACE from now on (default: as it is)")
    .option("--group <domain=group>", "the consumer group of a domain; repeatable", addGroup)
    .option(
      "--new-cluster",
      "Kafka may be another cluster: stored offsets are deleted, and reading begins at its earliest messages",
      false,
    )
    .option("--json", "print JSON", false)
    .action(move);
  store
    .command("rotate-door-key")
    .description(
      "makes a new key for what gateways sign; the one before stays valid until the next time, so nothing has to be " +
        "restarted. At most once in 10 minutes",
    )
    .option("--force", "at once: what was signed with the key before is no longer taken (after a leak: twice)", false)
    .option("--json", "print JSON", false)
    .action(rotateKey);
}

function addGroup(text: string, groups: Readonly<Record<string, string>> = {}): Record<string, string> {
  const [, domain, group] = /^([a-z0-9_]+)=(.+)$/.exec(text) ?? [];
  if (domain === undefined || group === undefined) throw new InvalidArgumentError("a domain and its group, as a=b");
  return { ...groups, [domain]: group };
}

interface MoveOptions {
  readonly env: string;
  readonly namespace?: string;
  readonly group?: Readonly<Record<string, string>>;
  readonly newCluster: boolean;
  readonly json: boolean;
}

async function move({ env, namespace, group = {}, newCluster, json }: MoveOptions): Promise<void> {
  const names = { ROLLCALL_ENV: env, ...(namespace !== undefined && { ROLLCALL_NAMESPACE: namespace }) };
  const config = readConfig({ ...process.env, ...names });
  const clusterId = await configuredClusterId(config);
  const change = { env, namespace, clusterId, isNewCluster: newCluster, consumerGroups: group };
  const { deployment, deletedOffsets } = await withStore(config, (store) => moveStore(store, change));
  if (json) return printJson({ ...deployment, deletedOffsets });
  printDeployment(deployment);
  if (deletedOffsets > 0) print(`${deletedOffsets} offsets deleted: reading begins at the earliest messages there are`);
}

async function rotateKey({ force, json }: { readonly force: boolean; readonly json: boolean }): Promise<void> {
  const secret = randomBytes(DOOR_SECRET_BYTES);
  const agedMs = force ? 0 : DOOR_AGE_MAX_MS;
  const id = await withStore(readStoreConfig(process.env), (opened) => rotateDoorKey(opened, secret, agedMs));
  if (id === undefined)
    throw new Error(
      "the newest door key is younger than 10 minutes: messages may be under way that the one before it has signed; " +
        "wait, or say --force",
    );
  if (json) printJson({ key: id });
  else print(`door key ${id} is made: gateways sign with it within a minute`);
}

async function showDeployment({ json }: { readonly json: boolean }): Promise<void> {
  const deployment = await withStore(readStoreConfig(process.env), readDeployment);
  if (!deployment) throw new Error("nothing was started on this store yet");
  if (json) printJson(deployment);
  else printDeployment(deployment);
}

function printDeployment({ env, namespace, clusterId, consumerGroups }: Deployment): void {
  print(`the store belongs to ROLLCALL_ENV=${env} ROLLCALL_NAMESPACE=${namespace}`);
  if (clusterId !== null) print(`Kafka's cluster: ${clusterId}`);
  for (const [domain, group] of Object.entries(consumerGroups))
    if (group) print(`consumer group of ${domain}: ${group}`);
}

const withOffsetsOptions = (command: Command): Command =>
  withDomainOption(withModuleOption(command))
    .option("--contracts <dir>", "folder with the contracts; default: those of the domain's module")
    .option("--json", "print JSON", false);

async function applyMigrations({ module = [], json }: ModuleOptions & { readonly json: boolean }): Promise<void> {
  const { DATABASE_URL: url } = readStoreConfig(process.env);
  if (url === undefined) {
    if (json) return printJson({ applied: [], embedded: true });
    return print("DATABASE_URL is not set: this is the embedded mode, whose tables `rollcall start` migrates");
  }
  const store = new PostgresStore({ url, applicationName: "rollcall migrate", maxConnections: 2 });
  try {
    const modules = await chosenModules(module, process.cwd());
    const applied = await migrate(store, migrationsOf(modules));
    await prepareAll(store, modules);
    if (json) return printJson({ applied, embedded: false });
    for (const { scope, name } of applied) print(`applied ${scope}/${name}`);
    print(applied.length === 0 ? "nothing to apply: the tables are up to date" : `${applied.length} applied`);
  } finally {
    await store.close();
  }
}

/** The tables of projections too: a role that may not make tables starts with those that are there. */
async function prepareAll(store: Store, modules: readonly Module[]): Promise<void> {
  const clock = new SystemClock();
  // No topic is used here.
  const names = { env: "", namespace: "" };
  for (const { directory, code } of declaredDomains(modules)) {
    if (Object.keys(code.rows ?? {}).length === 0) continue;
    const { domain } = readContracts({ directory, names }, [code]);
    await prepareProjections(
      { store, domain, clock },
      {
        onFilled: ({ projection, filled, of }) => showProgress(() => `${projection}: ${filled} of ${of} entities`),
        onWaiting: (reason) => showProgress(() => reason),
      },
    );
  }
  clearProgress();
}

/** Opens both services for one domain. @throws Error in the embedded mode; UsageError */
async function withOffsets<Result>(
  { contracts, ...options }: OffsetsOptions,
  use: (store: Store, domain: Domain, offsets: readonly StoredOffset[]) => Promise<Result>,
): Promise<Result> {
  const config = readConfig(process.env);
  const {
    DATABASE_URL: url,
    KAFKA_BOOTSTRAP_SERVERS: servers,
    ROLLCALL_ENV: env,
    ROLLCALL_NAMESPACE: namespace,
  } = config;
  if (url === undefined || servers === undefined)
    throw new Error(
      "offsets are shown and reset in the real mode only (KAFKA_BOOTSTRAP_SERVERS and DATABASE_URL): the embedded " +
        "log and its offsets are in one store",
    );
  const model = await readFolder(contracts, options);
  if (!model) throw new Error("the topics are not known as long as the contracts have errors");
  const domain = compileDomain(model, { env, namespace });
  const bus = new KafkaBus({
    ...kafkaAccess(config, servers),
    clientId: "rollcall-offsets",
    groupId: "rollcall-offsets",
    clock: new SystemClock(),
  });
  try {
    return await withStore(config, async (store) => {
      const ends = await bus.logEnds(topicsOf(domain).input, { timeoutMs: BUS_TIMEOUT_MS });
      return use(store, domain, await readOffsets(store, domain, ends));
    });
  } finally {
    await bus.close();
  }
}

const show = (options: OffsetsOptions): Promise<void> =>
  withOffsets(options, async (_store, _domain, offsets) => {
    if (options.json) return printJson(offsets);
    if (offsets.length === 0) return print("no offset is stored");
    printOffsets(offsets);
  });

const reset = (options: OffsetsOptions & { readonly yes: boolean }): Promise<void> =>
  withOffsets(options, async (store, domain, offsets) => {
    const { yes, json } = options;
    const stale = offsets.filter(({ stored, end }) => stored > end);
    if (yes)
      for (const { topic, partition, stored: nextOffset } of stale)
        await deleteSourceOffset(store, domain.name, { topic, partition, nextOffset });
    if (json) printJson({ strays: stale, forgotten: yes });
    else printStaleOffsets(stale, yes);
    if (stale.length > 0 && !yes) process.exitCode = 1;
  });

async function readOffsets(sql: Sql, domain: Domain, ends: ByTopicPartition<LogEnds>): Promise<StoredOffset[]> {
  const offsets = await readSourceOffsets(sql, domain.name, topicsOf(domain).input);
  return offsets.map(({ nextOffset, ...of }) => ({
    ...of,
    stored: nextOffset,
    end: ends.get(of.topic)?.get(of.partition)?.high ?? 0,
  }));
}

function printStaleOffsets(staleOffsets: readonly StoredOffset[], forgotten: boolean): void {
  if (staleOffsets.length === 0) return print("no stored offset is above its log's end");
  printOffsets(staleOffsets);
  print(
    forgotten
      ? "deleted: restart the processes, and these partitions are read from the earliest message that the log has"
      : "the log is not the one that the offsets belong to (deleted topics, another cluster?): --yes deletes them",
  );
}

function printOffsets(offsets: readonly StoredOffset[]): void {
  const rows = offsets.map(({ topic, partition, stored, end }) => [topic, ...[partition, stored, end].map(String)]);
  printTable(["TOPIC", "PARTITION", "STORED", "LOG ENDS AT"], rows);
}
