import { afterEach, describe, expect, it } from "vitest";
import { readConfig } from "../../app/host/config.ts";
import { FollowedStream } from "./followed-stream.ts";
import { API_TOKENS, type GatewayOptions, ParcelsGateway, TOKENS } from "./parcels-gateway.ts";

let parcels: ParcelsGateway;
const streams: FollowedStream[] = [];
const open = async (options: GatewayOptions = {}): Promise<void> => void (parcels = await ParcelsGateway.open(options));
afterEach(async () => {
  for (const stream of streams.splice(0)) stream.close();
  await parcels.close();
});

async function follow(query = "", headers: Record<string, string> = {}): Promise<FollowedStream> {
  const stream = await FollowedStream.open((signal) => fetch(`${parcels.url}/v1/events${query}`, { headers, signal }));
  streams.push(stream);
  return stream;
}
const store = (id: string, email = "ann@example.com") => parcels.ask("PUT", `/v1/parcels/${id}`, { body: { email } });
const collect = (id: string) => parcels.ask("POST", `/v1/parcels/${id}/collection`);

describe("a stream", () => {
  it("has events as they come, narrowed by its parameters", async () => {
    await open();
    const [all, one] = [await follow(), await follow("?parcel_id=s-2")];
    for (const id of ["s-1", "s-2"]) await store(id);
    await collect("s-2");
    // Two partitions have no order among themselves.
    await expect.poll(() => all.types.toSorted()).toEqual(["ParcelCollected", "ParcelStored", "ParcelStored"]);
    await expect.poll(() => one.entityIds).toEqual(["s-2", "s-2"]);
    expect((await follow("?colour=red")).status).toBe(400);
  });

  it("goes on behind the last event that was read, without a loss or a repeat", async () => {
    await open();
    const first = await follow();
    for (const id of ["r-1", "r-2", "r-3"]) await store(id);
    await expect.poll(() => first.frames.length).toBe(3);
    first.close();
    await store("r-4");
    const { id = "" } = first.frames[1] ?? {};
    const again = await follow("", { "last-event-id": id });
    const since = await follow(`?since=${encodeURIComponent(id)}`);
    await store("r-5");
    for (const stream of [again, since]) {
      await expect.poll(() => stream.frames.length).toBe(3);
      expect(stream.entityIds.toSorted()).toEqual(["r-3", "r-4", "r-5"]);
    }
    for (const cursor of ["AA", "a.b", `${id}.${id}`])
      expect((await follow("", { "last-event-id": cursor })).status).toBe(400);
  });

  it("is not split by what is in a text", async () => {
    await open();
    const stream = await follow();
    const hostile = "a\rdata: x\r\rid: 99999\n\nevent: ParcelCollected\n\u2028\u0085b";
    expect((await store("h-1", hostile)).status).toBe(201);
    await store("h-2");
    await expect.poll(() => stream.frames.length).toBe(2);
    expect(stream.types).toEqual(["ParcelStored", "ParcelStored"]);
    expect((stream.frames[0]?.data["payload"] as { email: string }).email).toBe(hostile);
    expect(stream.text).not.toContain("\r");
    expect(stream.text.match(/^id: /gm)?.length).toBe(3);
  });

  it("tells once that days are dropped behind the reader", async () => {
    await open();
    const before = await follow();
    await expect.poll(() => before.text).toContain("id: ");
    const [, cursor = ""] = /^id: (\S+)$/m.exec(before.text) ?? [];
    await store("g-1");
    // As a day that is over goes.
    await parcels.host.store.query("delete from rollcall.turn");
    await collect("g-1");
    const behind = await follow("", { "last-event-id": cursor });
    await expect.poll(() => behind.frames.length).toBe(2);
    expect(behind.frames[0]?.data).toEqual({ domain: "parcels", until: new Date().toISOString().slice(0, 10) });
    expect(behind.types.slice(1)).toEqual(["ParcelCollected"]);
  });

  it("tells it also where nothing of a partition is left", async () => {
    await open();
    const before = await follow();
    await expect.poll(() => before.text).toContain("id: ");
    const [, cursor = ""] = /^id: (\S+)$/m.exec(before.text) ?? [];
    await store("g-2");
    await expect.poll(() => before.frames.length).toBe(1);
    await parcels.host.store.query("delete from rollcall.turn");
    const behind = await follow("", { "last-event-id": cursor });
    await expect.poll(() => behind.frames.length).toBe(1);
    expect(behind.frames[0]?.data).toEqual({ domain: "parcels", until: new Date().toISOString().slice(0, 10) });
  });

  it("ends with the reason when what let it in is withdrawn, and goes on under the new contract", async () => {
    await open({ environment: { ROLLCALL_API_TOKENS: API_TOKENS } });
    const headers = { authorization: `Bearer ${TOKENS.reader}` };
    const stream = await follow("", headers);
    const narrowed = (yaml: string, file: string): string =>
      file === "gateway.yaml"
        ? yaml.replace("route: GET /events\n", "route: GET /events\n    access: [operator]\n")
        : yaml;
    expect(await parcels.reload(narrowed)).toMatchObject({ changed: true });
    await expect.poll(() => stream.ended, { timeout: 15_000 }).toBe(true);
    expect(stream.frames.at(-1)?.data).toMatchObject({ code: "WITHDRAWN" });
    expect((await follow("", headers)).status).toBe(403);
    const operator = { authorization: `Bearer ${TOKENS.operator}` };
    expect((await follow("", { ...operator, "last-event-id": stream.frames.at(-1)?.id ?? "" })).status).toBe(200);
  });

  it("ends with the reason when its token is withdrawn, and goes on with another one", async () => {
    await open({ environment: { ROLLCALL_API_TOKENS: API_TOKENS } });
    const as = (name: "operator" | "reader") => ({ authorization: `Bearer ${TOKENS[name]}` });
    const stream = await follow("", as("reader"));
    const other = await follow("", as("operator"));
    const tokens = readConfig({ ROLLCALL_API_TOKENS: `operator olga ${TOKENS.operator}` }).ROLLCALL_API_TOKENS;
    if (tokens) parcels.host.config.ROLLCALL_API_TOKENS?.replaceBy(tokens);
    await expect.poll(() => stream.ended, { timeout: 15_000 }).toBe(true);
    expect(stream.frames.at(-1)?.data).toMatchObject({ code: "WITHDRAWN", reason: expect.stringContaining("sign in") });
    expect((await follow("", as("reader"))).status).toBe(401);
    expect(other.ended).toBe(false);
    await parcels.ask("PUT", "/v1/parcels/t-1", { body: { email: "ann@example.com" }, headers: as("operator") });
    const again = await follow("", { ...as("operator"), "last-event-id": stream.frames.at(-1)?.id ?? "" });
    await expect.poll(() => again.types).toEqual(["ParcelStored"]);
  });

  it("ends with the reason when the process stops", async () => {
    await open();
    const stream = await follow();
    await parcels.gateways.close();
    await expect.poll(() => stream.ended).toBe(true);
    expect(stream.frames.at(-1)?.data).toMatchObject({ code: "STOPPING" });
  });
});

describe("a reload", () => {
  it("changes paths at once, and leaves the runtime and the contracts' hash alone", async () => {
    await open();
    const { contractHash } = parcels.system.domain;
    const moved = (yaml: string, file: string): string =>
      file === "gateway.yaml" ? yaml.replace("base_path: /v1", "base_path: /v2") : yaml;
    expect(await parcels.reload(moved)).toEqual({ hash: contractHash, changed: true });
    expect((await store("a-1")).status).toBe(404);
    expect((await parcels.ask("PUT", "/v2/parcels/a-1", { body: { email: "a" } })).status).toBe(201);
    expect(await parcels.reload((yaml) => yaml)).toEqual({ hash: contractHash, changed: false });
  });

  it("of a broken file changes nothing", async () => {
    await open();
    const broken = (yaml: string, file: string): string =>
      file === "gateway.yaml" ? yaml.replace("view: parcel", "view: parcle") : yaml;
    await expect(parcels.reload(broken)).rejects.toThrow("RC101");
    expect((await store("b-1")).status).toBe(201);
  });

  it("lets a waiting request finish under the contract of before", async () => {
    await open();
    const waiting = store("w-1");
    const other = (yaml: string, file: string): string =>
      file === "gateway.yaml" ? yaml.replace("status: 201", "status: 200") : yaml;
    const [answer] = await Promise.all([waiting, parcels.reload(other)]);
    expect([200, 201]).toContain(answer.status);
    expect((await store("w-2")).status).toBe(200);
  });
});
