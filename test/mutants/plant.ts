import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "../tidy/sources.ts";
import type { Mutant } from "./mutants.ts";

const HELP = `npm run mutants -- [options]
Plants each defect in a copy of the source, one at a time, runs the tests that must detect it, and reports which did.
  --only TEXT   only the defects whose names, or whose tests' paths, contain it
  --json FILE   writes the table as JSON too
Exits 1 unless every defect was detected.
`;
/** Of a defect's tests; all suites together have as much for each ten. */
const TIME_LIMIT_MS = 300_000;

interface Finding {
  readonly defect: string;
  readonly promise: string;
  readonly seconds: number;
  /** The first test that failed; undefined if none did. */
  readonly caughtBy: string | undefined;
}
interface Report {
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

const { values: options } = parseArgs({
  options: { only: { type: "string", default: "" }, json: { type: "string" }, help: { type: "boolean" } },
});

/** As the options say; sets the exit code. */
export function plantAll(mutants: readonly Mutant[]): void {
  if (options.help) return void process.stdout.write(HELP);
  const copy = copyOfTheSource();
  try {
    const wanted = mutants.filter(({ defect, tests }) =>
      [defect, ...tests].some((text) => text.includes(options.only)),
    );
    refuseWhatFailsAnyway(copy, [...new Set(wanted.flatMap(({ tests }) => tests))]);
    const findings = wanted.map((mutant, index) => {
      const finding = plant(copy, mutant);
      const { promise, defect, caughtBy, seconds } = finding;
      process.stdout.write(
        `${index + 1}/${wanted.length} ${promise.padEnd(3)} ${defect}\n    ` +
          `${caughtBy === undefined ? "NOT DETECTED" : `detected by: ${caughtBy}`} (${seconds} s)\n`,
      );
      return finding;
    });
    const seen = findings.filter(({ caughtBy }) => caughtBy !== undefined).length;
    process.stdout.write(`${seen} of ${findings.length} detected\n`);
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(findings, null, 2)}\n`);
    if (seen < findings.length || findings.length === 0) process.exitCode = 1;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** The tracked files, as they are in the work tree. */
function copyOfTheSource(): string {
  const copy = mkdtempSync(join(tmpdir(), "rollcall-mutants-"));
  const files = execFileSync("git", ["ls-files", "-z"], { cwd: ROOT, encoding: "utf8" }).split("\0").filter(Boolean);
  for (const file of files) {
    mkdirSync(join(copy, dirname(file)), { recursive: true });
    cpSync(join(ROOT, file), join(copy, file));
  }
  mkdirSync(join(ROOT, ".services"), { recursive: true });
  for (const name of ["node_modules", ".services"]) symlinkSync(join(ROOT, name), join(copy, name));
  return copy;
}

/** A test that fails without a defect proves nothing. */
function refuseWhatFailsAnyway(copy: string, tests: readonly string[]): void {
  process.stdout.write(`the ${tests.length} suites without a defect …\n`);
  const failed = firstFailure(copy, tests, TIME_LIMIT_MS * Math.ceil(tests.length / 10));
  if (failed !== undefined) throw new Error(`fails without any defect: ${failed}`);
}

function plant(copy: string, { defect, promise, file, find, replace, tests }: Mutant): Finding {
  const path = join(copy, file);
  const source = readFileSync(path, "utf8");
  if (source.split(find).length !== 2) throw new Error(`${file} does not have once: ${find}`);
  const startedMs = Date.now();
  try {
    writeFileSync(
      path,
      source.replace(find, () => replace),
    );
    const caughtBy = firstFailure(copy, tests, TIME_LIMIT_MS);
    return { defect, promise, caughtBy, seconds: Math.round((Date.now() - startedMs) / 1_000) };
  } catch (error) {
    // Such as one that is no TypeScript any more: it proves nothing, and the others are tried all the same.
    process.stderr.write(`${defect}: ${String(error)}\n`);
    return { defect, promise, caughtBy: undefined, seconds: Math.round((Date.now() - startedMs) / 1_000) };
  } finally {
    writeFileSync(path, source);
  }
}

function firstFailure(copy: string, tests: readonly string[], limitMs: number): string | undefined {
  const report = join(copy, "report.json");
  rmSync(report, { force: true });
  const run = spawnSync(
    process.execPath,
    [
      join(ROOT, "node_modules/vitest/vitest.mjs"),
      "run",
      "--bail=1",
      "--reporter=json",
      `--outputFile=${report}`,
      ...tests,
    ],
    { cwd: copy, encoding: "utf8", timeout: limitMs },
  );
  if (run.status === 0) return undefined;
  if (run.error) return `the tests did not end within ${limitMs / 1_000} s`;
  const { testResults } = JSON.parse(readFileSync(report, "utf8")) as Report;
  for (const { assertionResults, message } of testResults) {
    const failed = assertionResults.find(({ status }) => status === "failed");
    if (failed) return failed.fullName;
    if (message !== "") return message.split("\n")[0];
  }
  throw new Error(`vitest failed without a failed test: ${run.stderr.slice(0, 2_000)}`);
}
