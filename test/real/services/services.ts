import {
  dockerAddresses,
  dockerEngineAnswers,
  downInDocker,
  startInDocker,
  statusInDocker,
  stopInDocker,
  upInDocker,
} from "./docker.ts";
import {
  addressesNatively,
  downNatively,
  prepareNatively,
  releaseNatively,
  startNatively,
  statusNatively,
  stopNatively,
  upNatively,
} from "./native.ts";
import { chromium, requirePrograms } from "./programs.ts";
import type { ServiceAddresses, ServiceName, ServiceStatus, StopHow } from "./service-addresses.ts";

export interface RunningServices {
  readonly addresses: ServiceAddresses;
  /** Ends what this call started, unless another user is left or `keep` was asked for. */
  release(): Promise<void>;
}

/**
 * Brings Kafka, Postgres and Consul up, in Docker or as plain processes, and resolves when each answers. Idempotent.
 * @throws ServicesImpossible: neither is possible on this machine
 */
export async function up({ keep }: { readonly keep: boolean }): Promise<RunningServices> {
  if (!(await dockerEngineAnswers())) return { addresses: await upNatively(keep), release: releaseNatively };
  const started = await upInDocker();
  return { addresses: dockerAddresses, release: async () => void (started && !keep && (await downInDocker())) };
}

/** Ends the services and deletes their data. Downloads stay. */
export async function down(): Promise<void> {
  await ((await dockerEngineAnswers()) ? downInDocker() : downNatively());
}

/** Downloads and installs what `up` needs, and the browser. With Docker, `up` pulls what it needs. */
export async function prepare(): Promise<void> {
  // When one can't be installed the other is still tried.
  const browser = await requirePrograms([chromium]).catch((error: unknown) => error);
  if (!(await dockerEngineAnswers())) await prepareNatively();
  if (browser !== undefined) throw browser;
}

export async function status(): Promise<
  { addresses: ServiceAddresses; services: readonly ServiceStatus[] } | undefined
> {
  if (await dockerEngineAnswers()) return { addresses: dockerAddresses, services: await statusInDocker() };
  const addresses = addressesNatively();
  const services = await statusNatively();
  return addresses && services && { addresses, services };
}

async function start(name: ServiceName): Promise<void> {
  await ((await dockerEngineAnswers()) ? startInDocker(name) : startNatively(name));
}

async function stop(name: ServiceName, how: StopHow): Promise<void> {
  await ((await dockerEngineAnswers()) ? stopInDocker(name, how) : stopNatively(name, how));
}

// Starting again is on the same address with the same data, and resolves when the service answers. Both are idempotent.
export const startKafka = (): Promise<void> => start("kafka");
export const stopKafka = (how: StopHow = "gracefully"): Promise<void> => stop("kafka", how);
export const startConsul = (): Promise<void> => start("consul");
export const stopConsul = (how: StopHow = "gracefully"): Promise<void> => stop("consul", how);
export const startPostgres = (): Promise<void> => start("postgres");
export const stopPostgres = (how: StopHow = "gracefully"): Promise<void> => stop("postgres", how);

/** Every connection breaks; what was committed is there afterwards. */
export async function restartPostgres(how: StopHow = "gracefully"): Promise<void> {
  await stopPostgres(how);
  await startPostgres();
}
