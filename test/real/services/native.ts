import { downloadConsul } from "./consul-download.ts";
import { consulServer, type ConsulPorts } from "./consul.ts";
import { freePorts } from "./free-ports.ts";
import {
  addUser,
  createInstance,
  readInstance,
  removeAbandonedInstances,
  removeInstance,
  startService,
  stopService,
  withoutSelf,
  writeInstance,
  type Instance,
  type Service,
} from "./instance.ts";
import { downloadKafka } from "./kafka-download.ts";
import { lockFile, mainInstanceDir } from "./places.ts";
import { databaseUrlAt, postgresServer } from "./postgres.ts";
import { isRunning } from "./process-identity.ts";
import { postgres, requirePrograms } from "./programs.ts";
import { tell } from "./run.ts";
import type { ServiceAddresses, ServiceName, ServiceStatus, StopHow } from "./service-addresses.ts";
import { singleBroker, type SingleBrokerPorts } from "./single-broker.ts";
import { withLock } from "./with-lock.ts";

type MainPorts = SingleBrokerPorts & ConsulPorts & { readonly postgres: number };

const portNames: readonly (keyof MainPorts)[] = [
  "kafka",
  "kafkaController",
  "kafkaProxied",
  "kafkaProxy",
  "postgres",
  "consul",
  "consulServer",
  "consulSerf",
];

/** Fetches and installs all that `up` needs, and starts nothing. Idempotent. */
export async function prepareNatively(): Promise<void> {
  // One after the other: apt has one lock of its own.
  await requirePrograms([postgres]);
  await downloadKafka();
  await downloadConsul();
}

/**
 * Starts what does not run yet. Idempotent.
 * @param keep until `down`; otherwise until the last process that called this has ended or released it
 */
export const upNatively = (keep: boolean): Promise<ServiceAddresses> =>
  withLock(lockFile, async () => {
    await removeAbandonedInstances();
    await prepareNatively();
    const instance = await currentOrNewInstance();
    if (keep) instance.keep = true;
    else addUser(instance);
    writeInstance(instance);
    tell("starting or finding Kafka, Postgres and Consul");
    const services = await servicesOf(instance);
    await Promise.all(services.map((service) => startService(instance, service)));
    return addressesOf(instance);
  });

/** What was left by processes that are gone, after a reboot for one, is not worth repairing. */
async function currentOrNewInstance(): Promise<Instance> {
  const known = readInstance(mainInstanceDir);
  if (known !== undefined && Object.values(known.daemons).some(isRunning)) return known;
  if (known !== undefined) await removeInstance(known);
  return createInstance(mainInstanceDir, await freePorts(portNames));
}

export const downNatively = (): Promise<void> =>
  withLock(lockFile, async () => {
    await removeAbandonedInstances();
    const instance = readInstance(mainInstanceDir);
    if (instance !== undefined) await removeInstance(instance);
  });

/** This process no longer needs the services. They end with their last user, unless `keep` was given. */
export const releaseNatively = (): Promise<void> =>
  withLock(lockFile, async () => {
    const instance = readInstance(mainInstanceDir);
    if (instance === undefined) return;
    instance.users = withoutSelf(instance.users);
    writeInstance(instance);
    if (!instance.keep && instance.users.length === 0) await removeInstance(instance);
  });

export const startNatively = (name: ServiceName): Promise<void> =>
  withService(name, (instance, service) => startService(instance, service));

export const stopNatively = (name: ServiceName, how: StopHow): Promise<void> =>
  withService(name, (instance, service) => stopService(instance, service, how));

const withService = (name: ServiceName, work: (instance: Instance, service: Service) => Promise<void>): Promise<void> =>
  withLock(lockFile, async () => {
    const instance = readInstance(mainInstanceDir);
    const service = instance && (await servicesOf(instance)).find((candidate) => candidate.name === name);
    if (instance === undefined || service === undefined) throw new Error(`${name} is not up: npm run services -- up`);
    await work(instance, service);
  });

/** Undefined when nothing was brought up. */
export async function statusNatively(): Promise<readonly ServiceStatus[] | undefined> {
  const instance = readInstance(mainInstanceDir);
  if (instance === undefined) return undefined;
  const services = await servicesOf(instance);
  return Promise.all(
    services.map(async ({ name, answers }) => {
      const daemon = instance.daemons[name];
      const answering = await answers().then(
        () => true,
        () => false,
      );
      return { name: name as ServiceName, pid: isRunning(daemon) ? daemon.pid : null, answers: answering };
    }),
  );
}

export function addressesNatively(): ServiceAddresses | undefined {
  const instance = readInstance(mainInstanceDir);
  return instance && addressesOf(instance);
}

async function servicesOf(instance: Instance): Promise<readonly Service[]> {
  const ports = portsOf(instance);
  const { dir } = instance;
  return [singleBroker(dir, ports), await postgresServer(dir, ports.postgres), consulServer(dir, ports)];
}

function addressesOf(instance: Instance): ServiceAddresses {
  const ports = portsOf(instance);
  return {
    kafka: `127.0.0.1:${ports.kafka}`,
    database: databaseUrlAt(ports.postgres),
    consul: `http://127.0.0.1:${ports.consul}`,
    kafkaProxied: { listen: ports.kafkaProxy, target: ports.kafkaProxied },
  };
}

const portsOf = (instance: Instance): MainPorts => instance.ports as Readonly<Record<string, number>> & MainPorts;
