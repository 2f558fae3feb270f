import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ContractChecker } from "../../app/contract-check/contract-checker.ts";
import { composeHost, type Host } from "../../app/host/compose.ts";
import { readConfig } from "../../app/host/config.ts";
import { loadModule } from "../../app/host/load-modules.ts";
import { specifierOf } from "../../app/host/modules.ts";
import type { Module } from "../../app/host/module.ts";
import type { JournalLine } from "../../app/journal/journal-line.ts";
import { readStoredJournal } from "../../app/journal/journal-source.ts";
import { registration } from "../../app/modules/registration/module.ts";
import { partitionOf } from "../../runtime/core/murmur2.ts";
import { initializeStore } from "../initialized-store.ts";
import { installParcels } from "../parcels.ts";
import { until } from "../shell/orders.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/app/rollcall.js", import.meta.url));
const PARTITIONS = 2;

let folder: string;
let parcels: Module;
let host: Host;

const rollcall = (args: string, cwd = folder): Promise<{ code: number; out: string; err: string }> =>
  new Promise((resolve) => {
    const env = { PATH: process.env["PATH"] };
    execFile(process.execPath, [PROGRAM, ...args.split(" ")], { env, cwd }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });

const publish = async (domain: string, id: string, fields: object, consumed = 0): Promise<void> => {
  const { domain: compiled, bus } = host.system(domain);
  const { topic } = compiled.consumed[consumed] as { topic: string };
  const payload = { [compiled.entityIdField]: id, ...fields };
  const record = { topic, partition: partitionOf(id, PARTITIONS), key: Buffer.from(id), headers: {} };
  await bus.publish([{ ...record, value: Buffer.from(JSON.stringify(payload)) }], { timeoutMs: 5_000 });
};
const stateOf = async (domain: string, id: string): Promise<string | undefined> => {
  const [row] = await host.store.query<{ state: string }>(
    "select state from rollcall.entity where domain = $1 and entity_id = $2",
    [domain, id],
  );
  return row?.state;
};

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "rollcall-domains-")));
  parcels = await loadModule(installParcels(folder), folder);
  writeFileSync(join(folder, "rollcall.config.json"), '{ "modules": ["registration", "./dist/module.js"] }');
  const data = join(folder, "data");
  await initializeStore(data);
  const config = readConfig({ ROLLCALL_DATA_DIR: data, ROLLCALL_PARTITIONS: String(PARTITIONS) });
  host = await composeHost(config, { modules: [registration, parcels] });
  await host.start();
  await publish("parcels", "p-1", { email: "ann@example.com" });
  await until(async () => (await stateOf("parcels", "p-1")) === "STORED");
  await publish("parcels", "p-1", {}, 1);
  await until(async () => (await stateOf("parcels", "p-1")) === "COLLECTED");
});
afterAll(async () => {
  await host.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe("rollcall, in a folder with several modules", { timeout: 60_000 }, () => {
  it("validates the contracts of all of them, or of the domain that is named", async () => {
    const { code, out } = await rollcall("validate");
    expect(code).toBe(0);
    expect(out).toMatch(/^.*contracts.registration: the domain registration, .*no problems$/m);
    expect(out).toMatch(/^contracts: the domain parcels, .*no problems$/m);
    expect((await rollcall("validate --domain parcels")).out).toMatch(/^contracts: the domain parcels[^\n]*\n$/);
  });

  it("asks which domain is meant, where only one can be", async () => {
    const several = { code: 2, err: expect.stringMatching(/registration, parcels .*--domain/) };
    expect(await rollcall("graph")).toMatchObject(several);
    expect(JSON.parse((await rollcall("graph --domain parcels --json")).out)).toMatchObject({ domain: "parcels" });
    expect(await rollcall("graph --domain letters")).toMatchObject({
      code: 2,
      err: expect.stringContaining("letters"),
    });
    expect(await rollcall("graph contracts --domain parcels")).toMatchObject({ code: 2 });
    expect((await rollcall("graph --module ./dist/module.js --json")).code).toBe(0);
  });

  it("explores each", async () => {
    const { code, out } = await rollcall("check --domain parcels");
    expect([code, out]).toEqual([0, expect.stringMatching(/^contracts: [\d,]+ states visited .*no problems\n$/)]);
  });
});

describe("the journal of one of several domains", { timeout: 60_000 }, () => {
  const exported = async (domain: string): Promise<string> => {
    const file = join(folder, `${domain}.ndjson`);
    const lines: JournalLine[] = [];
    for await (const line of readStoredJournal(host.store, domain, host.config, {})) lines.push(line);
    writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    return file;
  };

  it("is replayed with its module's code", async () => {
    const file = await exported("parcels");
    const { code, out } = await rollcall(`replay --verify --from ${file}`);
    expect(out).toMatch(/^\d+ rows of 1 entities: .* 1 stored states: all are the same byte for byte\n$/);
    expect(code).toBe(0);
    expect(await rollcall(`replay --verify --from ${file} --domain registration`)).toMatchObject({
      code: 2,
      err: expect.stringContaining("a journal of the domain parcels, not of registration"),
    });
    const unknown = await rollcall(`replay --verify --from ${file} --module registration`);
    expect(unknown).toMatchObject({ code: 2, err: expect.stringContaining("no domain parcels") });
  });

  it("is planned under the contracts of its domain", async () => {
    const file = await exported("parcels");
    const edited = join(folder, "edited");
    cpSync(join(folder, "contracts"), edited, { recursive: true });
    const path = join(edited, "orchestrator.yaml");
    writeFileSync(path, readFileSync(path, "utf8").replaceAll("COLLECTED", "FETCHED"));
    const { code, out } = await rollcall(`plan ${edited} --from ${file} --json`);
    expect(JSON.parse(out)).toMatchObject({
      entities: 1,
      otherwise: 1,
      found: [{ entityId: "p-1", planned: expect.arrayContaining(["FETCHED"]) }],
    });
    expect(code).toBe(1);
    const other = await exported("registration");
    expect(await rollcall(`plan ${edited} --from ${other}`)).toMatchObject({
      code: 2,
      err: expect.stringContaining("a journal of the domain registration, not of parcels"),
    });
  });
});

describe("the check of edited contracts", { timeout: 60_000 }, () => {
  const files = () =>
    readdirSync(join(folder, "contracts"))
      .filter((file) => file.endsWith(".yaml"))
      .map((file) => ({ file, text: readFileSync(join(folder, "contracts", file), "utf8") }));

  it("loads the module in its thread, and knows its domain only", async () => {
    const checker = new ContractChecker();
    try {
      const request = {
        module: specifierOf(parcels) ?? "",
        domain: "parcels",
        files: files(),
        model: false,
        planHours: 1,
      };
      const journal = readStoredJournal(host.store, "parcels", host.config, {});
      const { diagnostics, graph, plan } = await checker.check(request, journal, 30_000);
      expect(diagnostics).toEqual([]);
      expect(graph).toMatchObject({ domain: "parcels" });
      expect(plan).toMatchObject({ entities: 1, same: 1 });
      const asOther = await checker.check(
        { ...request, module: "registration", domain: "registration" },
        journal,
        30_000,
      );
      expect(asOther.diagnostics).toMatchObject([{ code: "RC101", message: expect.stringContaining("registration") }]);
    } finally {
      checker.close();
    }
  });
});

describe("a module's own commands", { timeout: 60_000 }, () => {
  const moduleFolder = (commands: string): string => {
    const own = mkdtempSync(join(folder, "own-"));
    const text = `
      import { parcels } from ${JSON.stringify(join(folder, "dist/reexported.js"))};
      export default { ...parcels, commands: ${commands} };`;
    writeFileSync(join(own, "module.mjs"), text);
    writeFileSync(join(own, "rollcall.config.json"), '{ "modules": ["./module.mjs"] }');
    return own;
  };
  const adding = (verb: string): string =>
    `async () => ({ addCommands: (program) => program.command(${JSON.stringify(verb)})` +
    `.description("says what it weighs").action(() => console.log("2 kg")) })`;
  beforeAll(() =>
    writeFileSync(join(folder, "dist/reexported.js"), 'export { default as parcels } from "./module.js";\n'),
  );

  it("are commands of rollcall, where the folder's configuration names the module", async () => {
    const own = moduleFolder(`{ weigh: ${adding("weigh")} }`);
    expect(await rollcall("weigh", own)).toMatchObject({ code: 0, out: "2 kg\n" });
    const help = await rollcall("--help", own);
    expect(help.out).toMatch(/weigh +says what it weighs/);
    expect(help.out).toMatch(/^ +demo /m);
    expect((await rollcall("weigh")).code).toBe(2);
  });

  it.each(["validate", "nodes"])("may not be named as %s, which there is already", async (verb) => {
    const own = moduleFolder(`{ ${verb}: ${adding(verb)} }`);
    expect(await rollcall("weigh", own)).toMatchObject({
      code: 1,
      err: expect.stringContaining(`has the command ${verb}, which there is already`),
    });
  });

  it("of the others are there when a module can't be loaded, which help reports", async () => {
    const own = mkdtempSync(join(folder, "own-"));
    writeFileSync(join(own, "rollcall.config.json"), '{ "modules": ["./absent.js"] }');
    expect(await rollcall("nodes --help", own)).toMatchObject({ code: 0, err: "" });
    const help = await rollcall("--help", own);
    expect(help).toMatchObject({ code: 0, err: expect.stringContaining("the module ./absent.js can't be loaded") });
    expect(help.out).toMatch(/^ +validate /m);
  });

  it("have names that can be typed", async () => {
    const own = moduleFolder(`{ "Weigh it": ${adding("weigh")} }`);
    expect(await rollcall("validate", own)).toMatchObject({ code: 1, err: expect.stringContaining("commands") });
  });
});
