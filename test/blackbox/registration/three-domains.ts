import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { waitUntil } from "../../real/services/wait-until.ts";
import { installParcels } from "../../parcels.ts";
import { ROOT } from "../../tidy/sources.ts";
import { entityPath, sendTo, stateIn } from "../domain-requests.ts";
import { writeDepotModule } from "../depot-module.ts";
import { type Program, startProgram } from "../program.ts";
import { getJson } from "../world.ts";

const ROLLCALL = join(ROOT, "dist/app/rollcall.js");
const PARTITIONS = { registration: 4, parcels: 3, depots: 2 } as const;
type DomainName = keyof typeof PARTITIONS;
const DOMAINS = Object.keys(PARTITIONS) as DomainName[];
/** In all of them. */
const SHARED_ID = "hall-7";
/** Must be escaped in a path, in a target and in a shell. */
const ODD_ID = "eu/halle 7 ü'%2F";
const DEADLINE_MS = 30_000;

interface Environment {
  readonly variables: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/**
 * One process with registration, the parcels of the examples, and depots: other keys, their own number of partitions, a
 * handler that throws and an effect that never answers.
 */
export function threeDomains(open: (folder: string) => Promise<Environment>): void {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-three-domains-"));
  let environment: Environment;
  let program: Program;
  beforeAll(async () => {
    environment = await open(folder);
    const parcels = installParcels(join(folder, "parcels"));
    const modules = ["registration", parcels, writeDepotModule(join(folder, "depots"))];
    writeFileSync(join(folder, "rollcall.config.json"), JSON.stringify({ modules }));
    program = await startProgram({ environment: variables(), command: ["start", ...modules.flatMap(asModule)] });
  });
  afterAll(async () => {
    await program.stop();
    await environment.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const asModule = (module: string): string[] => ["--module", module];
  const variables = () => ({
    ...environment.variables,
    ROLLCALL_PARTITIONS: String(PARTITIONS.registration),
    ROLLCALL_DOMAIN_PARTITIONS: `parcels=${PARTITIONS.parcels},depots=${PARTITIONS.depots}`,
  });
  const rollcall = (...args: readonly string[]) =>
    new Promise<{ code: unknown; out: string; err: string }>((resolve) => {
      const env = { PATH: process.env["PATH"], ROLLCALL_URL: program.url, ...variables() };
      execFile(process.execPath, [ROLLCALL, ...args], { cwd: folder, env }, (error, out, err) =>
        resolve({ code: error?.code ?? 0, out, err }),
      );
    });
  const listed = async <Item>(path: string): Promise<readonly Item[]> => {
    const found = await getJson<{ readonly items: readonly Item[] }>(`${program.url}${path}`);
    if (!found) throw new Error(`${path} is not there`);
    return found.items;
  };
  const stateOf = (domain: DomainName, id: string): Promise<unknown> => stateIn(program.url, domain, id);
  const untilState = (domain: DomainName, id: string, state: string): Promise<void> =>
    waitUntil(async () => expect(await stateOf(domain, id)).toBe(state), {
      what: `${domain} ${id} ${state}`,
      timeoutMs: DEADLINE_MS,
    });
  const send = (domain: DomainName, type: string, payload: object): Promise<void> =>
    sendTo(program.url, domain, type, payload);
  const openDepot = (place: string, hall = 1): Promise<void> => send("depots", "OpenDepot", { place, hall });

  it("has an entity of the same id in each, with a state of its own", async () => {
    await send("registration", "NodeIntrospectionEvent", { node_id: SHARED_ID, node_type: "effect" });
    await send("parcels", "StoreParcel", { parcel_id: SHARED_ID, email: "ann@example.org" });
    await openDepot(SHARED_ID);
    await untilState("registration", SHARED_ID, "AWAITING_ACK");
    await untilState("parcels", SHARED_ID, "STORED");
    await untilState("depots", SHARED_ID, "OPEN");
    const explained = await rollcall("explain", SHARED_ID);
    expect(explained.code).toBe(2);
    for (const domain of DOMAINS) expect(explained.err + explained.out).toContain(`${domain}/${SHARED_ID}`);
  });

  it("finds one whose id has to be escaped", async () => {
    await openDepot(ODD_ID);
    await untilState("depots", ODD_ID, "OPEN");
    const timeline = await listed<{ type: string }>(`${entityPath("depots", ODD_ID)}/timeline`);
    expect(JSON.stringify(timeline)).toContain("DepotOpened");
    expect(await rollcall("explain", `depots/${ODD_ID}`)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^eu\/halle 7 ü'%2F is OPEN .* waiting for keys\.order/),
    });
  });

  it("declines what comes after the end of what is done once", async () => {
    await openDepot(SHARED_ID, 2);
    const declined = { type: "OpenDepot", result: "declined", reason: "OpenDepot: ended in OPEN" };
    await waitUntil(
      async () => {
        const timeline = await listed<object>(`${entityPath("depots", SHARED_ID)}/timeline`);
        expect(timeline.at(-1)).toMatchObject({ ...declined, state: "OPEN", events: [], intents: [] });
      },
      { what: "the answer", timeoutMs: DEADLINE_MS },
    );
    expect(await rollcall("explain", `depots/${SHARED_ID}`)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/OPEN is its end\..*OpenDepot .* \(OpenDepot: ended in OPEN\)/),
    });
  });

  it("serves the others while the effect of one does not answer", async () => {
    await send("parcels", "CollectParcel", { parcel_id: SHARED_ID });
    await untilState("parcels", SHARED_ID, "COLLECTED");
    const ready = (query: string) => fetch(new URL(`/health/ready${query}`, program.url)).then(({ status }) => status);
    expect(await Promise.all(["", ...DOMAINS.map((name) => `?domain=${name}`)].map(ready))).toEqual([
      200, 200, 200, 200,
    ]);
    const metrics = await (await fetch(new URL("/metrics", program.url))).text();
    const pending = (domain: string) => new RegExp(`^rollcall_intents_pending\\{domain="${domain}"\\} (\\d+)`, "m");
    expect(["parcels", "depots"].map((domain) => pending(domain).exec(metrics)?.[1])).toEqual(["0", "2"]);
  });

  it("puts a message that a handler refuses among the dead letters of its domain", async () => {
    await openDepot("hall-99", 99);
    const lettersOf = (domain: DomainName) =>
      listed<{ code: string; entity_id: string }>(`/api/v1/domains/${domain}/dead-letters`);
    await waitUntil(async () => expect(await lettersOf("depots")).toHaveLength(1), {
      what: "a dead letter",
      timeoutMs: DEADLINE_MS,
    });
    expect([await lettersOf("registration"), await lettersOf("parcels")]).toEqual([[], []]);
    const { out } = await rollcall("dlq", "list", "--domain", "depots", "--json");
    expect(out).toContain("there is no such hall");
  });

  it("puts changed contracts in force in their domain only, and keeps its entities", async () => {
    const hashes = async () =>
      new Map(
        (await listed<{ name: string; contract_hash: string }>("/api/v1/domains")).map(
          ({ name, contract_hash }) => [name, contract_hash] as const,
        ),
      );
    const before = await hashes();
    const file = join(folder, "depots/contracts/orchestrator.yaml");
    writeFileSync(file, readFileSync(file, "utf8").replace("patch: 0", "patch: 1"));
    program.signal("SIGHUP");
    await waitUntil(async () => expect((await hashes()).get("depots")).not.toBe(before.get("depots")), {
      what: "the changed contracts",
      timeoutMs: DEADLINE_MS,
    });
    const after = await hashes();
    expect(["registration", "parcels"].map((name) => after.get(name) === before.get(name))).toEqual([true, true]);
    await openDepot("hall-8");
    await untilState("depots", "hall-8", "OPEN");
    expect(await stateOf("depots", ODD_ID)).toBe("OPEN");
  });

  it("leaves a journal of each domain that replays", { timeout: 90_000 }, async () => {
    const journals = new Map<DomainName, string>();
    for (const domain of DOMAINS) {
      const file = join(folder, `${domain}.ndjson`);
      const { code, err } = await rollcall("replay", "--domain", domain, "--export", file);
      expect({ code, err }).toMatchObject({ code: 0 });
      journals.set(domain, file);
    }
    expect((await program.stop()).code).toBe(0);
    for (const [domain, file] of journals)
      expect(await rollcall("replay", "--verify", "--domain", domain, "--from", file)).toEqual({
        code: 0,
        err: "",
        out: expect.stringContaining("the same byte for byte"),
      });
    const plan = await rollcall("plan", join(folder, "depots/contracts"), "--from", journals.get("depots") as string);
    expect(plan).toMatchObject({ code: 0, out: expect.stringContaining("4 entities") });
    const { out } = await rollcall("domains", "list", "--json");
    expect((JSON.parse(out) as { domain: string }[]).map(({ domain }) => domain).toSorted()).toEqual(
      DOMAINS.toSorted(),
    );
  });

  it("has offsets of each domain's own partitions", async () => {
    const show = (domain: string) => rollcall("offsets", "show", "--domain", domain, "--json");
    // The embedded log and its offsets are in one store: nothing can differ.
    if (environment.variables["KAFKA_BOOTSTRAP_SERVERS"] === undefined)
      expect(await show("depots")).toMatchObject({ code: 1, err: expect.stringContaining("in the real mode only") });
    else
      for (const [domain, partitions] of Object.entries(PARTITIONS)) {
        const shown = JSON.parse((await show(domain)).out) as { partition: number }[];
        expect(shown.length).toBeGreaterThan(0);
        expect(Math.max(...shown.map(({ partition }) => partition))).toBeLessThan(partitions);
      }
  });
}
