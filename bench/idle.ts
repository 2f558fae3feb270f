import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { composeHost } from "../app/host/compose.ts";
import { readConfig } from "../app/host/config.ts";
import { toyModule } from "../test/host/toy-module.ts";
import { freshDatabase } from "../test/real/services/fresh-database.ts";
import { up } from "../test/real/services/services.ts";
import { failure } from "./failure.ts";
import { rssMiB } from "./measure.ts";

const HELP = `npm run bench:idle -- [options]
What a process costs whose domains have nothing to do: CPU and memory, by the number of domains.
  --domains LIST  numbers of domains (default 1,2,5)
  --seconds N     measured for so long each (default 300)
  --embedded      without Kafka and Postgres
`;
const { values: options } = parseArgs({
  options: {
    domains: { type: "string", default: "1,2,5" },
    seconds: { type: "string", default: "300" },
    embedded: { type: "boolean", default: false },
    help: { type: "boolean" },
    /** Of the process that is measured: its configuration. */
    environment: { type: "string" },
  },
});
/** The first assignment, connections and the code's warm-up are over by then. */
const SETTLED_MS = 20_000;

interface Idle {
  readonly domains: number;
  /** Of one core. */
  readonly cpuPercent: number;
  readonly rssMiB: number;
}

/** In a process of its own. */
async function serveIdle(domains: number, environment: Readonly<Record<string, string>>): Promise<Idle> {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-idle-"));
  try {
    const modules = Array.from({ length: domains }, (_, index) => toyModule(`orders_${index}`, folder));
    const config = readConfig({ ROLLCALL_DATA_DIR: join(folder, "data"), ...environment });
    const host = await composeHost(config, { modules });
    await host.start();
    await sleep(SETTLED_MS);
    const before = process.cpuUsage();
    const startedMs = performance.now();
    await sleep(Number(options.seconds) * 1_000);
    const { user, system } = process.cpuUsage(before);
    const cpuPercent = ((user + system) / 1_000 / (performance.now() - startedMs)) * 100;
    const idle = { domains, cpuPercent: Number(cpuPercent.toFixed(2)), rssMiB: rssMiB(process.pid) };
    await host.stop();
    return idle;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function measured(domains: number, environment: Readonly<Record<string, string>>): Promise<Idle> {
  const own = ["--domains", String(domains), "--seconds", options.seconds];
  const child = fork(fileURLToPath(import.meta.url), [...own, "--environment", JSON.stringify(environment)]);
  return new Promise((resolve, reject) => {
    child.once("message", (idle) => resolve(idle as Idle));
    child.once("exit", (code) => reject(new Error(`the measured process ended with ${code}`)));
  });
}

async function main(): Promise<void> {
  const services = options.embedded ? undefined : await up({ keep: false });
  try {
    for (const domains of options.domains.split(",").map(Number)) {
      const database = services && (await freshDatabase(services.addresses.database));
      const environment = services &&
        database && {
          KAFKA_BOOTSTRAP_SERVERS: services.addresses.kafka,
          DATABASE_URL: database.url,
          ROLLCALL_NAMESPACE: `idle${Date.now().toString(36)}`,
        };
      process.stdout.write(`${JSON.stringify(await measured(domains, environment ?? {}))}\n`);
      await database?.drop();
    }
  } finally {
    await services?.release();
  }
}

async function serveMeasured(environment: string): Promise<void> {
  const idle = await serveIdle(Number(options.domains), JSON.parse(environment) as Record<string, string>);
  process.send?.(idle);
  process.disconnect?.();
}

if (options.help) process.stdout.write(HELP);
else if (options.environment === undefined) await main().catch(failure("bench:idle"));
else await serveMeasured(options.environment).catch(failure("bench:idle"));
