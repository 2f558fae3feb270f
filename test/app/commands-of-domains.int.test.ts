import { cpSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ContractChecker } from "../../app/contract-check/contract-checker.ts";
import { specifierOf } from "../../app/host/module-specifiers.ts";
import type { ExportedLine } from "../../app/journal/exported-line.ts";
import { readStoredJournal } from "../../app/journal/stored-journal.ts";
import { followerContract } from "../host/follower-module.ts";
import { ROOT } from "../tidy/sources.ts";
import { openTwoDomains, type TwoDomains } from "./two-domains.ts";

const follower = { type: "ParcelStored", topic: "{env}.{namespace}.parcels.evt.v1", entityId: "customer_id" };
const FOLLOWER = `
  import { defineModule, message, z } from "rollcall";
  const messages = [message("ParcelStored", { customer_id: z.string() }), message("DeliveryPlanned", {})];
  const contracts = new URL("./", import.meta.url);
  const domain = { name: "deliveries", contracts, code: () => ({ messages }) };
  export default defineModule({ api: 1, name: "deliveries", domains: [domain] });
`;

let two: TwoDomains;
const rollcall: TwoDomains["rollcall"] = (args, cwd) => two.rollcall(args, cwd);
beforeAll(async () => {
  two = await openTwoDomains();
  await two.collectParcel("p-1");
});
afterAll(() => two.close());

describe("rollcall, in a folder with several modules", { timeout: 60_000 }, () => {
  it("validates the contracts of all of them, or of the domain that is named", async () => {
    const { code, out } = await rollcall("validate");
    expect(code).toBe(0);
    expect(out).toMatch(/^.*contracts.registration: the domain registration, .*no problems$/m);
    expect(out).toMatch(/^contracts: the domain parcels, .*no problems$/m);
    expect((await rollcall("validate --domain parcels")).out).toMatch(/^contracts: the domain parcels[^\n]*\n$/);
  });

  it("validates them together", async () => {
    const own = mkdtempSync(join(two.folder, "follower-"));
    writeFileSync(join(own, "deliveries.yaml"), followerContract(follower));
    writeFileSync(join(own, "module.mjs"), FOLLOWER);
    const modules = "--module ./dist/module.js --module";
    const refused = await rollcall(`validate ${modules} ${join(own, "module.mjs")}`);
    expect(refused).toMatchObject({ code: 1, out: expect.stringMatching(/deliveries\.yaml:8:\d+ {2}error {2}RC111/) });
    expect(refused.out).toMatch(/^contracts: the domain parcels, .*no problems$/m);
    expect((await rollcall(`validate ${modules} ${join(own, "module.mjs")} --domain deliveries`)).code).toBe(0);
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
    const file = join(two.folder, `${domain}.ndjson`);
    const lines: ExportedLine[] = [];
    for await (const line of readStoredJournal(two.host.store, domain, two.host.config, {})) lines.push(line);
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
    const edited = join(two.folder, "edited");
    cpSync(join(two.folder, "contracts"), edited, { recursive: true });
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
    readdirSync(join(two.folder, "contracts"))
      .filter((file) => file.endsWith(".yaml"))
      .map((file) => ({ file, text: readFileSync(join(two.folder, "contracts", file), "utf8") }));

  it("loads the module in its thread, and knows its domain only", async () => {
    const checker = new ContractChecker();
    try {
      const request = {
        module: specifierOf(two.parcels) ?? "",
        domain: "parcels",
        files: files(),
        model: false,
        planHours: 1,
      };
      const journal = readStoredJournal(two.host.store, "parcels", two.host.config, {});
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
    const own = mkdtempSync(join(two.folder, "own-"));
    const text = `
      import { parcels } from ${JSON.stringify(join(two.folder, "dist/reexported.js"))};
      export default { ...parcels, commands: ${commands} };`;
    writeFileSync(join(own, "module.mjs"), text);
    writeFileSync(join(own, "rollcall.config.json"), '{ "modules": ["./module.mjs"] }');
    return own;
  };
  const adding = (verb: string): string =>
    `async () => ({ addCommands: (program) => program.command(${JSON.stringify(verb)})` +
    `.description("says what it weighs").action(() => console.log("2 kg")) })`;
  beforeAll(() =>
    writeFileSync(join(two.folder, "dist/reexported.js"), 'export { default as parcels } from "./module.js";\n'),
  );

  it("are commands of rollcall, where the folder's configuration names the module", async () => {
    const own = moduleFolder(`{ weigh: ${adding("weigh")} }`);
    expect(await rollcall("weigh", own)).toMatchObject({ code: 0, out: "2 kg\n" });
    const help = await rollcall("--help", own);
    expect(help.out).toMatch(/weigh +says what it weighs/);
    expect(help.out).toMatch(/^ +demo /m);
    expect((await rollcall("weigh")).code).toBe(2);
  });

  it("and its variables are in the help of start, configured or named, with those of the program", async () => {
    const own = mkdtempSync(join(two.folder, "own-"));
    const text = `
      import { z } from ${JSON.stringify(pathToFileURL(join(ROOT, "dist/app/index.js")).href)};
      import { parcels } from ${JSON.stringify(join(two.folder, "dist/reexported.js"))};
      const config = z.object({ PARCELS_KEY: z.string().describe("key of the carrier (secret)") });
      export default { ...parcels, config };`;
    writeFileSync(join(own, "module.mjs"), text);
    const row = /^ +PARCELS_KEY +key of the carrier \(secret\) \[parcels\]$/m;
    expect((await rollcall("start --help", own)).out).not.toMatch(row);
    expect((await rollcall("start --module ./module.mjs --help", own)).out).toMatch(row);
    writeFileSync(join(own, "rollcall.config.json"), '{ "modules": ["./module.mjs"] }');
    const { code, out, err } = await rollcall("start --help", own);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(row);
    expect(out).toMatch(/^ +DATABASE_URL +Postgres/m);
    expect(out).toMatch(/^ +ROLLCALL_HTTP_PORT +.*\(default: 8080\)$/m);
    // Nothing need be set for what serves nothing.
    expect(await rollcall("validate", own)).toMatchObject({ code: 0 });
    writeFileSync(join(own, "rollcall.config.json"), '{ "modules": ["./absent.mjs"] }');
    const absent = await rollcall("start --help", own);
    expect(absent).toMatchObject({ code: 0, err: expect.stringContaining("./absent.mjs can't be loaded") });
    expect(absent.out).toMatch(/^ +DATABASE_URL +Postgres/m);
  });

  it.each(["validate", "nodes"])("may not be named as %s, which there is already", async (verb) => {
    const own = moduleFolder(`{ ${verb}: ${adding(verb)} }`);
    expect(await rollcall("weigh", own)).toMatchObject({
      code: 1,
      err: expect.stringContaining(`has the command ${verb}, which there is already`),
    });
  });

  it("of the others are there when a module can't be loaded, which help reports", async () => {
    const own = mkdtempSync(join(two.folder, "own-"));
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
