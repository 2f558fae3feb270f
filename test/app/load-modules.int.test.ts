import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COMMAND } from "../../app/built-files.ts";
import { configuredModules, loadModule } from "../../app/host/load-modules.ts";
import { ROOT } from "../tidy/sources.ts";

const PACKAGE = pathToFileURL(join(ROOT, "dist/app/index.js")).href;

const moduleText = (more = ""): string => `
import { defineModule, message, reducer, z } from ${JSON.stringify(PACKAGE)};
const Begin = message("Begin", { id: z.string().min(1).max(36) });
const code = () => ({
  messages: [Begin], handlers: {}, reducer: reducer(z.object({}), {}, {}), intents: [], effects: {},
});
const counting = reducer(z.object({ n: z.number().default(0) }), {}, {});
const contracts = new URL("./contracts/", import.meta.url);
const valid = { api: 1, name: "trial", domains: [{ name: "trial", contracts, code }] };
${more}`;

describe("modules", () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "rollcall-modules-"))));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  let count = 0;
  /** Loads a module with this text, from a file that was not loaded before. */
  const load = (text: string) => {
    const name = `./module-${++count}.mjs`;
    write(name, moduleText(text));
    return loadModule(name, folder);
  };

  it("are loaded from files, and from packages in a node_modules above", async () => {
    write("file.mjs", moduleText("export default defineModule(valid);"));
    write("node_modules/packaged/package.json", '{ "name": "packaged", "exports": { ".": { "import": "./m.mjs" } } }');
    write("node_modules/packaged/m.mjs", moduleText("export const packaged = { ...valid, name: 'other' };"));
    expect(await loadModule("./file.mjs", folder)).toMatchObject({ name: "trial" });
    expect(await loadModule("packaged", folder)).toMatchObject({ name: "other" });
    write("sub/rollcall.config.json", '{ "modules": ["packaged"] }');
    expect(configuredModules(join(folder, "sub"))).toEqual(["packaged"]);
    expect(configuredModules(folder)).toEqual([]);
    expect(await loadModule("packaged", join(folder, "sub"))).toMatchObject({ name: "other" });
  });

  it.each<[string, string, string]>([
    ["of another version", "export default { ...valid, api: 2 };", "api: must be 1, not 2"],
    ["with a name that no topic takes", "export default { ...valid, name: 'A-b' };", "name: must be 1 to 41 of a-z"],
    ["without a domain", "export default { ...valid, domains: [] };", "domains: must have a domain"],
    ["with an unknown key", "export default { ...valid, view: 1 };", 'Unrecognized key: "view"'],
    ["with a path instead of a URL", "valid.domains[0].contracts = '.'; export default valid;", "must be the URL"],
    ["that is a function", "export default () => valid;", "expected object"],
    ["that exports none", "export const answer = 42;", "it exports 0 modules"],
    ["that exports two", "export const a = valid; export const b = { ...valid };", "it exports 2 modules"],
    ["that throws", "throw new Error('no network');", "can't be loaded: Error: no network"],
    [
      "with a job that would run too often",
      "valid.domains[0].jobs = [{ name: 'probe', every: '1ms', run() {} }]; export default valid;",
      'domains.0.jobs.0.every: must be "always", or 1s to 1d',
    ],
    [
      "with two jobs of one name",
      "const job = { name: 'probe', every: '1m', run() {} }; valid.domains[0].jobs = [job, job]; export default valid;",
      "domain trial: two jobs have the name probe",
    ],
    ["with two domains of one name", "valid.domains.push(valid.domains[0]); export default valid;", "declared twice"],
    ["with routes that are no function", "export default { ...valid, routes: [] };", "routes: must be a function"],
    [
      "with a variable that has no description",
      "export default { ...valid, config: z.object({ TRIAL_KEY: z.string().describe('key').optional() }) };",
      'config.TRIAL_KEY: has no description: end it with .describe("...")',
    ],
    [
      "with a variable of ours",
      "export default { ...valid, config: z.object({ DATABASE_URL_FILE: z.string().describe('mine') }) };",
      "config.DATABASE_URL_FILE: is a name of rollcall's own",
    ],
    [
      "with variables that are no schema",
      "export default { ...valid, config: { TRIAL_KEY: 'string' } };",
      "config: must be an object of Zod",
    ],
    [
      "with a path of migrations instead of a URL",
      "export default { ...valid, migrations: './migrations' };",
      "migrations: must be the URL of the folder",
    ],
    [
      "with a measure that has no help",
      "valid.domains[0].measures = [{ name: 'a', help: '', durationMs: () => 1 }]; export default valid;",
      "domains.0.measures.0.help",
    ],
    [
      "at the root with two domains",
      "valid.domains.push({ ...valid.domains[0], name: 'b' }); export default { ...valid, isAtRoot: true };",
      "isAtRoot: only a module with one domain",
    ],
    [
      "whose code needs a backend at once",
      "valid.domains[0].code = ({ sql }) => sql.query('select 1'); export default valid;",
      "domain trial: code() throws Error: this module was composed without backends",
    ],
    [
      "whose reducer is none",
      "valid.domains[0].code = () => ({ ...code(), reducer: {} }); export default valid;",
      "domain trial: code(): reducer",
    ],
    [
      "with an upcast and no stateVersion",
      "valid.domains[0].code = () => ({ ...code(), upcast: (data) => data }); export default valid;",
      "domain trial: upcast has nothing to do under stateVersion 1",
    ],
    [
      "whose stateVersion is none",
      "valid.domains[0].code = () => ({ ...code(), stateVersion: 1.5 }); export default valid;",
      "domain trial: code(): stateVersion",
    ],
    [
      "whose upcast changes what is up to date",
      "valid.domains[0].code = () => ({ ...code(), reducer: counting, stateVersion: 2, " +
        "upcast: ({ n }) => ({ n: n + 1 }) }); export default valid;",
      "domain trial: the reducer's schema and upcast change data that is up to date",
    ],
    [
      "whose upcast can't take a new entity's data",
      "valid.domains[0].code = () => ({ ...code(), reducer: counting, stateVersion: 2, " +
        "upcast: () => ({ n: 'one' }) }); export default valid;",
      "domain trial: a new entity's data can't be read: /n: ",
    ],
  ])("%s are refused, with the reason", async (_what, text, reason) => {
    await expect(load(text)).rejects.toThrow(reason);
  });

  it("that can't be parsed, linked or run are refused with the file and line", () => {
    // By the command: here Vite reads what is imported.
    const refusal = (module: string): string =>
      spawnSync(process.execPath, [fileURLToPath(COMMAND), "validate", "--module", module], {
        ...{ cwd: folder, encoding: "utf8" },
      }).stderr;
    write("unparsed.mjs", "export const Begin = {\n  a: 1\n  b: 2\n};\n");
    write("importing.mjs", 'import "./unparsed.mjs";');
    expect(refusal("./importing.mjs")).toMatch(
      /^rollcall: .*importing\.mjs can't be loaded: file:\S+\/unparsed\.mjs:3\n +b: 2\n +\^\n\nSyntaxError: .*\n$/,
    );
    write("thrown.mjs", "const half = () => none.of();\nhalf();\n");
    write("unlinked.mjs", '\nimport { End } from "./thrown.mjs";');
    expect(refusal("./unlinked.mjs")).toMatch(
      /can't be loaded: file:\S+\/unlinked\.mjs:2\nimport \{ End \}.*\n +\^+\nSyntaxError: .* named 'End'\n/,
    );
    expect(refusal("./thrown.mjs")).toMatch(
      /ReferenceError: none is not defined\n +at half \(file:\S+thrown\.mjs:1:25\)\n +at file:\S+thrown\.mjs:2:1\n/,
    );
    expect(refusal("./thrown.mjs")).not.toContain("node:");
  });

  it("that are not there are refused by name", async () => {
    await expect(loadModule("./absent.js", folder)).rejects.toThrow("there is no file");
    await expect(loadModule("absent", folder)).rejects.toThrow("neither a file nor a package installed");
  });

  it("with shapes of another copy of zod are refused once, with the remedy", async () => {
    const other = `?copy=${Date.now()}`;
    const text = `
      const foreign = await import(${JSON.stringify(zodUrl())} + ${JSON.stringify(other)});
      const Odd = message("Odd", { id: z.array(foreign.string()) });
      const Even = message("Even", { id: foreign.string() });
      valid.domains[0].code = () => ({ ...code(), messages: [Begin, Odd, Even] });
      export default valid;`;
    await expect(load(text)).rejects.toThrow(/domain trial: Odd, Even: made with another copy of zod: import \{ z \}/);
  });
});

/** The classic build of the zod that the package uses: with another query Node loads its entry anew, as a copy. */
const zodUrl = (): string => pathToFileURL(join(ROOT, "node_modules/zod/v4/classic/schemas.js")).href;
