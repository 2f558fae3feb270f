import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { kill, lastWords, launch, stop, type Command } from "./daemon.ts";
import { instancesDir } from "./places.ts";
import { identityOf, isRunning, type ProcessIdentity } from "./process-identity.ts";
import { tell } from "./run.ts";
import { waitUntil } from "./wait-until.ts";

/** One program of an instance: how it gets its data, how it starts, when it is ready, how it is stopped. */
export interface Service {
  readonly name: string;
  readonly dataDir: string;
  readonly stopSignal: NodeJS.Signals;
  prepare(): Promise<void>;
  command(): Command;
  /** Throws until the service does its work. */
  answers(): Promise<void>;
}

/** Processes that belong together and share one folder. */
export interface Instance {
  readonly dir: string;
  readonly ports: Readonly<Record<string, number>>;
  /** Up until an explicit `down`; otherwise until the last of its users has ended. */
  keep: boolean;
  users: ProcessIdentity[];
  daemons: Record<string, ProcessIdentity>;
  /** Data that had to go elsewhere than into `dir`. */
  dataDirs: string[];
}

const stateFile = (dir: string): string => join(dir, "state.json");

export function readInstance(dir: string): Instance | undefined {
  if (!existsSync(stateFile(dir))) return undefined;
  const instance = JSON.parse(readFileSync(stateFile(dir), "utf8")) as Instance;
  return { ...instance, dir, users: instance.users.filter(isRunning) };
}

export function createInstance(dir: string, ports: Readonly<Record<string, number>>): Instance {
  mkdirSync(dir, { recursive: true });
  return { dir, ports, keep: false, users: [], daemons: {}, dataDirs: [] };
}

export function writeInstance(instance: Instance): void {
  const { dir, ...state } = instance;
  writeFileSync(`${stateFile(dir)}.new`, JSON.stringify(state, null, 2));
  renameSync(`${stateFile(dir)}.new`, stateFile(dir));
}

export function addUser(instance: Instance): void {
  const self = identityOf(process.pid);
  if (self === undefined) throw new Error("no /proc: processes can't be told apart");
  instance.users = [...withoutSelf(instance.users), self];
  writeInstance(instance);
}

export const withoutSelf = (users: readonly ProcessIdentity[]): ProcessIdentity[] =>
  users.filter(({ pid }) => pid !== process.pid);

/** Resolves when the service answers. Does nothing else when it runs already. */
export async function startService(instance: Instance, service: Service): Promise<void> {
  const { name, dataDir } = service;
  if (!isRunning(instance.daemons[name])) {
    instance.dataDirs = [...new Set([...instance.dataDirs, dataDir])];
    if (!existsSync(dataDir)) await prepare(service);
    instance.daemons[name] = launch(service.command());
    writeInstance(instance);
  }
  const hopeless = (): string | undefined =>
    isRunning(instance.daemons[name]) ? undefined : `it ended, saying\n${lastWords(service.command().logFile)}`;
  await waitUntil(() => service.answers(), { what: name, timeoutMs: 90_000, hopeless });
}

async function prepare(service: Service): Promise<void> {
  try {
    await service.prepare();
  } catch (error) {
    // Half a data folder would pass for a whole one at the next start.
    rmSync(service.dataDir, { recursive: true, force: true });
    throw error;
  }
}

export async function stopService(instance: Instance, service: Service, how: "gracefully" | "kill"): Promise<void> {
  const daemon = instance.daemons[service.name];
  if (daemon === undefined) return;
  if (how === "kill") await kill(daemon);
  else await stop(daemon, service.stopSignal, 30_000);
}

/** Ends what the instance started and deletes its data. */
export async function removeInstance(instance: Instance): Promise<void> {
  // Killed at once: the data is deleted anyway.
  await Promise.all(Object.values(instance.daemons).map(kill));
  for (const dir of [...instance.dataDirs, instance.dir]) rmSync(dir, { recursive: true, force: true });
}

/** Services that a killed test run left behind: without users, and not to be kept. */
export async function removeAbandonedInstances(): Promise<void> {
  if (!existsSync(instancesDir)) return;
  for (const name of readdirSync(instancesDir)) {
    const instance = readInstance(join(instancesDir, name));
    if (instance === undefined || instance.keep || instance.users.length > 0) continue;
    tell(`${name} was left behind by a process that ended: removing it`);
    await removeInstance(instance);
  }
}
