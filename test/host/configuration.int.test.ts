import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { composeHost, type Host } from "../../app/host/compose.ts";
import { readConfig } from "../../app/host/config.ts";
import { applyContracts, readContracts, resolveStartupContracts } from "../../app/host/contracts-in-force.ts";
import { defineModule } from "../../app/host/module.ts";
import { createHttpServer } from "../../app/http/server/http-server.ts";
import type { PgliteStore } from "../../runtime/adapters/pglite/pglite-store.ts";
import { contractInForce } from "../../runtime/stored/contract-sets.ts";
import { LISTED_CODE, listedFiles } from "../contract/listed-pages.ts";
import { initializeStore, openInitializedStore } from "../initialized-store.ts";
import { emptyTables, until } from "../shell/orders.ts";

const NAMES = { env: "test", namespace: "" };
const folder = mkdtempSync(join(tmpdir(), "rollcall-configuration-"));
const contracts = join(folder, "contracts");
beforeAll(() => {
  mkdirSync(contracts);
  for (const { file, text } of listedFiles()) writeFileSync(join(contracts, file), text);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sourceWhereSet = (names: typeof NAMES, ...variables: readonly string[]) => ({
  ...{ directory: contracts, code: LISTED_CODE, names, configured: new Set(variables) },
});
const contractsWhereSet = (names: typeof NAMES, ...variables: readonly string[]) =>
  readContracts(sourceWhereSet(names, ...variables), [LISTED_CODE]);

describe("a start where others share the store", () => {
  let store: PgliteStore;
  beforeAll(async () => {
    store = await openInitializedStore();
  });
  beforeEach(() => emptyTables(store));
  afterAll(() => store.close());

  const start = (variables: readonly string[], isServed = false) => {
    const source = sourceWhereSet(NAMES, ...variables);
    const folderContracts = readContracts(source, [LISTED_CODE]);
    const options = { isShared: true, isServed: async () => isServed, by: "a test", warn: () => {} };
    return resolveStartupContracts(store, folderContracts, source, options);
  };
  const inForce = async () => (await contractInForce(store, "pages"))?.hash;

  it.each([
    [["LIST_URL"], [], "LIST_URL is set there, and not here"],
    [[], ["LIST_URL"], "LIST_URL is set here, and not there"],
  ] as const)(
    "is refused in another configuration than those have that serve it: %o, then %o",
    async (those, own, why) => {
      const first = await start(those);
      const refused = expect(start(own, true)).rejects;
      await refused.toMatchObject({ code: "CONFIGURATION_DIFFERS", retryable: false });
      await refused.toThrow(why);
      expect(await inForce()).toBe(first.domain.contractHash);
      expect((await start(those, true)).domain.contractHash).toBe(first.domain.contractHash);
    },
  );

  it("decides where nobody serves it, also to go back", async () => {
    const hashes: string[] = [];
    for (const variables of [["LIST_URL"], [], ["LIST_URL"], []]) {
      const { domain } = await start(variables);
      expect(await inForce()).toBe(domain.contractHash);
      expect(domain.effects.has("page.list")).toBe(variables.length > 0);
      hashes.push(domain.contractHash);
    }
    expect(new Set(hashes).size).toBe(2);
  });

  it("goes by the variables that effects go by, and by no others", async () => {
    const first = await start([]);
    expect((await start(["SHELF_URL"], true)).domain.contractHash).toBe(first.domain.contractHash);
  });
});

describe("a process whose configuration lacks a variable", () => {
  const { domain: name, variables: _, ...code } = LISTED_CODE;
  const module = defineModule({
    ...{ api: 1, name },
    config: z.object({ LIST_URL: z.string().optional().describe("where pages are listed") }),
    domains: [{ name, contracts: pathToFileURL(`${contracts}/`), code: () => code }],
  });
  const data = join(folder, "data");
  let host: Host;
  beforeAll(async () => {
    await initializeStore(data);
    const config = readConfig({ ROLLCALL_DATA_DIR: data, ROLLCALL_PARTITIONS: "2" }, [module]);
    host = await composeHost(config, { modules: [module] });
    await host.start();
    await until(() => host.system(name).runtime.status().owned.length === 2);
  });
  afterAll(() => host.stop());

  it("shows all of its contracts, and what of them is not there", async () => {
    const http = createHttpServer(host);
    const { files } = (await http.inject("/api/v1/contracts")).json<{ files: readonly Record<string, unknown>[] }>();
    expect(files.map(({ file, unset, diagnostics }) => [file, unset, diagnostics])).toEqual([
      ["pages.yaml", undefined, []],
      ["text.yaml", undefined, []],
      ["shelves.yaml", undefined, []],
      ["list.yaml", "LIST_URL", []],
    ]);
    const body = { files: {} };
    const checked = await http.inject({ method: "POST", url: "/api/v1/contracts/check", body });
    expect(checked.json()).toMatchObject({ diagnostics: [] });
    await http.close();
  });

  it("serves nothing while contracts of another one are in force, and says so", { timeout: 60_000 }, async () => {
    const { runtime, domain, store } = host.system(name);
    const names = { env: "dev", namespace: "" };
    const [without, withList] = [contractsWhereSet(names), contractsWhereSet(names, "LIST_URL")];
    expect(domain.contractHash).toBe(without.domain.contractHash);
    const replace = (next: typeof without, former: typeof without) => {
      const { contractHash: hash, stateVersion } = former.domain;
      return applyContracts(store, next, { expected: { hash, stateVersion }, current: former.domain, by: "another" });
    };
    await replace(withList, without);
    await until(() => runtime.failure !== null);
    expect(runtime.failure?.error).toMatchObject({ code: "CONFIGURATION_DIFFERS" });
    expect(runtime.status().owned).toEqual([]);
    expect(runtime.refusedChange?.reason).toContain("LIST_URL is set there, and not here");
    await replace(without, withList);
    await until(() => runtime.failure === null && runtime.status().owned.length === 2);
  });
});
