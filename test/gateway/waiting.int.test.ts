import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openFollowing } from "../../app/host/following.ts";
import { Gateways } from "../../app/http/gateway/gateways.ts";
import { PgliteNotices } from "../../runtime/adapters/pglite/pglite-notices.ts";
import { done, effect } from "../../runtime/core/effect.ts";
import { PARCELS_CODE } from "./parcels-contracts.ts";
import { ParcelsGateway } from "./parcels-gateway.ts";

const [MailSend] = PARCELS_CODE.intents ?? [];
const body = { email: "ann@example.com" };
/** Mails to the owners of these parcels are never sent, so that a chain of theirs stays open. */
const HandlerMailSend = effect(MailSend as never, ["UNAVAILABLE"], async (intents) => {
  if (intents.some(({ entityId }) => entityId.startsWith("slow"))) await new Promise<never>(() => {});
  return intents.map(() => done());
});
const awaiting = (yaml: string, file: string): string =>
  file !== "gateway.yaml"
    ? yaml
    : yaml.replace(
        "calls:\n",
        `calls:
  - operation: awaitParcel
    route: POST /awaited/{parcel_id}
    message: StoreParcel
    wait: { until: [ParcelReturned], timeout: 50s }
    replies: [{ event: ParcelReturned, view: parcel }, { state: STORED, status: 409 }]
  - operation: hurryParcel
    route: POST /hurried/{parcel_id}
    message: StoreParcel
    wait: { until: [ParcelReturned], timeout: 100ms }
    replies: [{ event: ParcelReturned, view: parcel }, { state: STORED, status: 409 }]
`,
      );

let parcels: ParcelsGateway;
const others: (() => Promise<unknown> | void)[] = [];
beforeAll(async () => {
  parcels = await ParcelsGateway.open({ edit: awaiting, code: { effects: { HandlerMailSend } } });
});
afterEach(async () => {
  for (const close of others.splice(0)) await close();
});
afterAll(() => parcels.close());

const waiting = (): number => parcels.system.following.followers.size;
const awaited = (id: string, signal?: AbortSignal, url = parcels.url): Promise<Response> =>
  send("awaited", id, url, signal);
const send = (path: string, id: string, url = parcels.url, signal?: AbortSignal): Promise<Response> =>
  fetch(`${url}/v1/${path}/${id}`, {
    ...{ method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) },
    ...(signal && { signal }),
  });

/** The gateways of a process that decides nothing: it hears of what others commit as any other process does. */
async function otherProcess(): Promise<{ readonly url: string; readonly gateways: Gateways }> {
  const { name, runtime, store, clock } = parcels.system;
  const following = openFollowing({ name, runtime, store, clock, notices: new PgliteNotices() });
  const system = Object.defineProperties({ ...parcels.system }, Object.getOwnPropertyDescriptors(parcels.system));
  const changed = Object.defineProperty(system, "following", { value: following });
  const gateways = new Gateways({ ...parcels.host, systems: [changed] });
  await gateways.open();
  others.push(
    () => gateways.close(),
    () => following.close(),
  );
  return { url: gateways.addresses.get("parcels") ?? "", gateways };
}

describe("an answer", () => {
  it("is the same one in a process that did not decide", async () => {
    const { url } = await otherProcess();
    const put = (at: string, id: string) => parcels.ask("PUT", `/v1/parcels/${id}`, { body, url: at });
    const [own, other] = [await put(parcels.url, "o-1"), await put(url, "o-2")];
    expect(other.status).toBe(own.status);
    expect({ ...other.body, parcel_id: "" }).toEqual({ ...own.body, parcel_id: "" });
    const again = await parcels.ask("POST", "/v1/parcels/o-2/collection", { url });
    expect(again).toMatchObject({ status: 200, body: { state: "COLLECTED" } });
    const headers = { "idempotency-key": "both" };
    const keyed = (at: string, email: string) =>
      parcels.ask("PUT", "/v1/parcels/o-3", { body: { email }, headers, url: at });
    expect((await keyed(parcels.url, "a")).status).toBe(201);
    expect((await keyed(url, "a")).status).toBe(201);
    expect((await keyed(url, "b")).status).toBe(422);
  });

  it("is 504 where it is not known yet, with the place that tells what became of it, at both ports", async () => {
    const late = await send("hurried", "slow-0");
    const problem = { type: "urn:rollcall:problem:timeout", entity_id: "slow-0" };
    expect([late.status, await late.json()]).toMatchObject([504, problem]);
    const location = late.headers.get("location") ?? "";
    const told = { status: "taken", result: "changed", state: "STORED", events: ["ParcelStored"], domain: "parcels" };
    await expect.poll(async () => (await parcels.ask("GET", location)).body).toMatchObject(told);
    expect((await parcels.ask("GET", location, { url: parcels.hostUrl })).body).toMatchObject(told);
  });

  it("is waited for no longer when its caller has gone; the message goes on", async () => {
    const gone = new AbortController();
    const answer = awaited("slow-1", gone.signal).catch(() => "gone");
    await expect.poll(waiting).toBe(1);
    gone.abort();
    expect(await answer).toBe("gone");
    await expect.poll(waiting).toBe(0);
    expect((await parcels.ask("GET", "/v1/parcels/slow-1")).body).toMatchObject({ state: "STORED" });
  });

  it("is 503 with the place to ask when the process stops, and nothing is lost", async () => {
    const { url, gateways } = await otherProcess();
    const answer = awaited("slow-2", undefined, url);
    await expect.poll(async () => (await parcels.ask("GET", "/v1/parcels/slow-2")).status).toBe(200);
    await gateways.close();
    const { status, headers } = await answer;
    expect([status, headers.get("retry-after")]).toEqual([503, "1"]);
    const told = await parcels.ask("GET", headers.get("location") ?? "");
    expect(told.body).toMatchObject({ status: "taken", result: "changed", state: "STORED" });
  });

  it("is that of the contract under which it was asked, also when a reload has changed it", async () => {
    const { url, gateways } = await otherProcess();
    const answer = awaited("slow-3", undefined, url);
    await expect.poll(async () => (await parcels.ask("GET", "/v1/parcels/slow-3")).status).toBe(200);
    const without = (yaml: string, file: string): string =>
      file === "gateway.yaml" ? yaml.replace("route: POST /awaited/", "route: POST /waiting/") : yaml;
    expect((await parcels.reload(without)).changed).toBe(true);
    expect((await parcels.ask("POST", "/v1/awaited/slow-4", { body, url })).status).toBe(404);
    await gateways.close();
    expect((await answer).status).toBe(503);
  });
});
