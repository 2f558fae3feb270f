import { parseArgs } from "node:util";
import { ServicesImpossible } from "./programs.ts";
import { tell } from "./run.ts";
import { environmentOf, type ServiceAddresses } from "./service-addresses.ts";
import { down, prepare, status, up } from "./services.ts";

const usage = `usage: npm run -s services -- <verb> [--json]
  up       start Kafka, Postgres and Consul, or find them running; prints the environment variables
  down     end them and forget their data
  status   tell which answer; exits 1 unless all do
  prepare  download and install what up needs`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean" }, help: { type: "boolean" } },
});

function print(addresses: ServiceAddresses): void {
  const environment = environmentOf(addresses);
  const lines = Object.entries(environment).map(([name, value]) => `export ${name}=${value}`);
  console.log(values.json ? JSON.stringify(environment, null, 2) : lines.join("\n"));
}

async function printStatus(): Promise<void> {
  const known = await status();
  const services = known?.services ?? [];
  if (values.json) {
    const environment = known ? environmentOf(known.addresses) : null;
    console.log(JSON.stringify({ services, environment }, null, 2));
  } else {
    for (const { name, pid, answers } of services)
      tell(`${name} ${answers ? "answers" : "DOES NOT ANSWER"}, pid ${pid ?? "none"}`);
    if (known) print(known.addresses);
    else tell("nothing is up");
  }
  if (!known || !services.every(({ answers }) => answers)) process.exitCode = 1;
}

const verbs: Readonly<Record<string, () => Promise<void>>> = {
  up: async () => print((await up({ keep: true })).addresses),
  down,
  status: printStatus,
  prepare,
};

const verb = verbs[positionals[0] ?? ""];
if (values.help) console.log(usage);
else if (verb === undefined || positionals.length !== 1) {
  console.error(usage);
  process.exitCode = 2;
} else {
  await verb().catch((error: unknown) => {
    tell(error instanceof ServicesImpossible ? `not possible here: ${error.message}` : String(error));
    process.exitCode = 1;
  });
}
