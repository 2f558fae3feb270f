import { spawn } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../shell/orders.ts";
import { openTwoDomains, PROGRAM, type TwoDomains } from "./two-domains.ts";

let two: TwoDomains;
const rollcall: TwoDomains["rollcall"] = (args, cwd) => two.rollcall(args, cwd);
beforeAll(async () => {
  two = await openTwoDomains();
  await two.collectParcel("p-1");
});
afterAll(() => two.close());

describe("rollcall, on a server of several domains", { timeout: 60_000 }, () => {
  const introspect = (id: string) => two.publish("registration", id, { node_type: "compute", node_version: "1.0.0" });

  it("lists the entities of one", async () => {
    const listed = await rollcall("entities list --domain parcels");
    expect(listed.out).toMatch(/^p-1 +COLLECTED /m);
    expect(JSON.parse((await rollcall("entities list --domain parcels --state STORED --json")).out)).toEqual([]);
    expect(await rollcall("entities list")).toMatchObject({ code: 2, err: expect.stringContaining("--domain") });
    expect(await rollcall("entities list --domain letters")).toMatchObject({
      code: 1,
      err: expect.stringContaining("parcels"),
    });
  });

  it("shows one with its data and its timeline", async () => {
    const { code, out } = await rollcall("entities show p-1 --domain parcels");
    expect(code).toBe(0);
    expect(out).toMatch(/state +COLLECTED since .*\n.*attempt +1 [^]*"email": "ann@example.com"[^]*StoreParcel/);
    expect((await rollcall("entities show nobody --domain parcels")).code).toBe(1);
  });

  it("watches one domain's events until it is interrupted", async () => {
    const args = [PROGRAM, "entities", "watch", "--domain", "parcels", "--json", "--type", "ParcelStored"];
    const watch = spawn(process.execPath, args, { env: two.env, cwd: two.folder });
    let out = "";
    watch.stdout.on("data", (data: Buffer) => (out += data.toString()));
    const exit = new Promise<number | null>((resolve) => watch.on("exit", resolve));
    // The watcher prints nothing when it is connected, so parcels are stored until it prints one.
    for (let parcel = 0; !out.includes("ParcelStored"); parcel++) {
      await two.publish("parcels", `watched-${parcel}`, { email: "bob@example.com" });
      await two.untilState("parcels", `watched-${parcel}`, "STORED");
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    watch.kill("SIGINT");
    expect(await exit).toBe(0);
    for (const line of out.trim().split("\n"))
      expect(JSON.parse(line)).toMatchObject({ event_type: "parcels.parcel-stored" });
  });

  it("explains an id, and lists the domains when several have it", async () => {
    expect(await rollcall("explain p-1")).toMatchObject({ code: 0, out: expect.stringMatching(/^p-1 is COLLECTED/) });
    expect((await rollcall("explain nobody")).code).toBe(1);
    await introspect("both");
    await two.publish("parcels", "both", { email: "eve@example.com" });
    await two.untilState("parcels", "both", "STORED");
    await until(async () => (await two.stateOf("registration", "both")) !== undefined);
    const { code, out } = await rollcall("explain both");
    expect([code, out]).toEqual([
      2,
      expect.stringMatching(/^registration\/both: .*\nparcels\/both: both is STORED.*\n$/),
    ]);
    const named = await rollcall("explain parcels/both");
    expect(named).toMatchObject({ code: 0, out: expect.stringMatching(/^both is STORED/) });
  });

  it("keeps dead letters apart", async () => {
    await two.publishBytes("parcels", "bad", Buffer.from("{"));
    const letters = async (domain: string) =>
      JSON.parse((await rollcall(`dlq list --json --domain ${domain}`)).out) as { id: string }[];
    await expect.poll(async () => (await letters("parcels")).length, { timeout: 15_000 }).toBe(1);
    expect(await letters("registration")).toEqual([]);
    expect(await rollcall("dlq list")).toMatchObject({ code: 2, err: expect.stringContaining("--domain") });
    expect((await rollcall("dlq drop --all --domain registration --json")).out).toBe("[]\n");
    expect(await rollcall("dlq drop --all --domain parcels")).toMatchObject({ code: 0 });
    expect(await letters("parcels")).toEqual([]);
  });

  it("examines, reloads and lists holds for each domain", async () => {
    const { out } = await rollcall("doctor");
    expect(out).toMatch(/^ok +store /m);
    expect(out).toMatch(/^ok +registration: contracts /m);
    expect(out).toMatch(/^ok +parcels: contracts /m);
    expect((await rollcall("doctor --domain parcels")).out).toMatch(/^ok +contracts +parcel/m);
    const reloaded = JSON.parse((await rollcall("reload --json")).out) as object[];
    expect(reloaded).toMatchObject([
      { domain: "registration", changed: false },
      { domain: "parcels", changed: false },
    ]);
    expect(await rollcall("hold list")).toMatchObject({ code: 0, out: "no holds\n" });
    expect(await rollcall("hold release parcels STORED")).toMatchObject({
      code: 1,
      err: expect.stringContaining("parcels STORED"),
    });
  });

  it("replays the journal of one", async () => {
    const { code, out } = await rollcall("replay --verify --domain parcels");
    expect([code, out]).toEqual([0, expect.stringContaining("all are the same byte for byte")]);
    expect(await rollcall("replay --verify")).toMatchObject({ code: 2, err: expect.stringContaining("--domain") });
    const planned = await rollcall("plan contracts");
    expect([planned.code, planned.out]).toEqual([0, expect.stringContaining("0 end otherwise")]);
  });

  it("checks the contracts of a domain of a module from outside", async () => {
    const answer = await fetch(`${two.url}/api/v1/domains/parcels/contracts/check`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ files: {}, plan_hours: 1 }),
    });
    expect(await answer.json()).toMatchObject({ diagnostics: [], model: { violations: [] }, plan: { otherwise: 0 } });
  });
});
