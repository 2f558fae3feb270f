import { consulAnswers } from "./consul.ts";
import { kafkaAnswers } from "./kafka.ts";
import { checkoutDir } from "./places.ts";
import { postgresAnswers } from "./postgres.ts";
import { run, succeeds, tell } from "./run.ts";
import type { ServiceAddresses, ServiceName, ServiceStatus, StopHow } from "./service-addresses.ts";

const names: readonly ServiceName[] = ["kafka", "postgres", "consul"];

/** The ports that `docker-compose.yml` publishes. */
export const dockerAddresses: ServiceAddresses = {
  kafka: "127.0.0.1:9092",
  database: "postgres://rollcall:rollcall@127.0.0.1:5432/rollcall",
  consul: "http://127.0.0.1:8500",
  kafkaProxied: { listen: 9096, target: 9095 },
};

/** A client without an engine, or without compose, is no Docker. */
export const dockerEngineAnswers = async (): Promise<boolean> =>
  (await succeeds("docker", ["info"], { timeoutMs: 10_000 })) && succeeds("docker", ["compose", "version"]);

const compose = (...args: readonly string[]): Promise<string> =>
  run("docker", ["compose", ...args], { cwd: checkoutDir });

/** Resolves to whether anything had to be started. */
export async function upInDocker(): Promise<boolean> {
  const running = (await compose("ps", "--services", "--status", "running")).split("\n");
  tell("starting or finding Kafka, Postgres and Consul in Docker");
  await compose("up", "--detach", "--wait", ...names);
  return names.some((name) => !running.includes(name));
}

export const downInDocker = async (): Promise<void> =>
  void (await compose("rm", "--stop", "--force", "--volumes", ...names));

export async function startInDocker(name: ServiceName): Promise<void> {
  await compose("up", "--detach", "--wait", name);
}

export const stopInDocker = async (name: ServiceName, how: StopHow): Promise<void> =>
  void (await compose(how === "kill" ? "kill" : "stop", name));

export function statusInDocker(): Promise<readonly ServiceStatus[]> {
  const { kafka, database, consul } = dockerAddresses;
  const answers = { kafka: kafkaAnswers(kafka, 1), postgres: postgresAnswers(database), consul: consulAnswers(consul) };
  return Promise.all(
    names.map(async (name) => ({
      name,
      pid: null,
      answers: await answers[name].then(
        () => true,
        () => false,
      ),
    })),
  );
}
