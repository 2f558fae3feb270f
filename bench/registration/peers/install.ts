import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs, promisify } from "node:util";
import { installedDir, isInstalled, isPeer, manifestOf, type PeerName, peers, stampOf } from "./peers.ts";

const names = Object.keys(peers) as PeerName[];
const HELP = `npm run bench:peers -- [peer ...]
Installs what npm run bench -- --peers compares with, beside the project, not into it:
${names.join(", ")} (default: all).
The versions are those of bench/registration/peers/*/package.json and pom.xml; what is there already is left alone.
  kafka-streams   needs java (17 or newer) and mvn; 80 MB
  restate         npm packages, the server among them; 230 MB
  dbos            npm packages; 12 MB
  temporal        npm packages, 270 MB; its development server is built with go (10 minutes on two cores), 250 MB
`;
const { positionals, values } = parseArgs({ allowPositionals: true, options: { help: { type: "boolean" } } });

const run = (command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<unknown> =>
  promisify(execFile)(command, args, { env: { ...process.env, ...env }, maxBuffer: 64 << 20 });

const npmPackages = (name: PeerName): Promise<unknown> =>
  run("npm", [
    "install",
    "--prefix",
    dirname(manifestOf(name)),
    "--ignore-scripts",
    "--no-package-lock",
    "--no-audit",
    "--no-fund",
  ]);

const installers: Readonly<Record<PeerName, () => Promise<unknown>>> = {
  "kafka-streams": () =>
    run("mvn", [
      "-q",
      "-B",
      "-f",
      manifestOf("kafka-streams"),
      "dependency:copy-dependencies",
      `-DoutputDirectory=${installedDir("kafka-streams")}`,
    ]),
  restate: () => npmPackages("restate"),
  dbos: () => npmPackages("dbos"),
  async temporal() {
    await npmPackages("temporal");
    const { config } = JSON.parse(readFileSync(manifestOf("temporal"), "utf8")) as { config: { server: string } };
    await run("go", ["install", config.server], { GOBIN: installedDir("temporal") });
  },
};

async function install(name: PeerName): Promise<void> {
  const startedMs = performance.now();
  if (isInstalled(name)) return tell(`${name}: is installed`);
  tell(`${name}: installing`);
  try {
    rmSync(installedDir(name), { recursive: true, force: true });
    mkdirSync(installedDir(name), { recursive: true });
    await installers[name]();
    copyFileSync(manifestOf(name), stampOf(name));
    tell(`${name}: installed in ${Math.round((performance.now() - startedMs) / 1_000)} s`);
  } catch (error) {
    tell(`${name}: can't be installed here: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}

const tell = (message: string): void => void process.stderr.write(`${message}\n`);

const unknown = positionals.filter((name) => !isPeer(name));
if (values.help) process.stdout.write(HELP);
else if (unknown.length > 0) {
  tell(`no peer ${unknown.join(", ")}: ${names.join(", ")}`);
  process.exitCode = 2;
} else for (const name of positionals.length > 0 ? positionals.filter(isPeer) : names) await install(name);
