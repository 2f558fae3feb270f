import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { done, effect } from "../../runtime/core/effect.ts";
import { EventStreamReader } from "../blackbox/event-stream-reader.ts";
import { FollowedStream } from "./followed-stream.ts";
import { PARCELS_CODE } from "./parcels-contracts.ts";
import { API_TOKENS, type GatewayOptions, ParcelsGateway, TOKENS } from "./parcels-gateway.ts";

const READERS = 200;
const WAITING = 20;
const body = { email: "ann@example.com" };

const inGateway =
  (replace: string, by: string) =>
  (yaml: string, file: string): string => {
    if (file !== "gateway.yaml") return yaml;
    if (!yaml.includes(replace)) throw new Error(`the gateway has no ${replace}`);
    return yaml.replace(replace, by);
  };

let parcels: ParcelsGateway;
const readers: EventStreamReader[] = [];
const open = async (options: GatewayOptions): Promise<void> => void (parcels = await ParcelsGateway.open(options));
afterEach(async () => {
  for (const reader of readers.splice(0)) reader.close();
  await parcels.close();
});

async function follow(count: number, headers: Record<string, string> = {}): Promise<readonly EventStreamReader[]> {
  const opened = Array.from(
    { length: count },
    () => new EventStreamReader(() => parcels.url, { path: "/v1/events", headers }),
  );
  readers.push(...opened);
  await Promise.all(opened.map((reader) => reader.connected()));
  return opened;
}

interface Told {
  readonly payload_type?: string;
  readonly payload?: { readonly entity_id: string };
  readonly code?: string;
}
const toldTo = ({ records }: EventStreamReader): readonly Told[] =>
  records.map(({ value }) => JSON.parse(value) as Told);
/** As often as they were told. */
const idsOf = (reader: EventStreamReader, type: string): readonly string[] =>
  toldTo(reader).flatMap(({ payload_type, payload }) => (payload_type === type && payload ? payload.entity_id : []));
const endsOf = (reader: EventStreamReader): readonly string[] => toldTo(reader).flatMap(({ code }) => code ?? []);

const as = (name: keyof typeof TOKENS) => ({ authorization: `Bearer ${TOKENS[name]}` });
const store = (id: string, headers = {}) => parcels.ask("PUT", `/v1/parcels/${id}`, { body, headers });
const collect = (id: string, headers = {}) => parcels.ask("POST", `/v1/parcels/${id}/collection`, { headers });
const numbered = (name: string, count: number) => Array.from({ length: count }, (_, nth) => `${name}-${nth}`);

describe("a reload with 200 readers", () => {
  it("of a type more brings every event of it from then on to all of them, and repeats and loses none", async () => {
    await open({ edit: inGateway("select: { parcel_id: entity_id }", "types: [ParcelStored]") });
    await follow(READERS);
    const [before, meanwhile, after] = [numbered("before", 5), numbered("meanwhile", 10), numbered("after", 5)];
    const pass = async (ids: readonly string[]): Promise<void> => {
      for (const id of ids) {
        expect((await store(id)).status).toBe(201);
        expect((await collect(id)).status).toBe(200);
      }
    };
    await pass(before);
    const passing = pass(meanwhile);
    const more = inGateway("types: [ParcelStored]", "types: [ParcelStored, ParcelCollected]");
    expect(await parcels.reload(more)).toMatchObject({ changed: true });
    await pass(after);
    await passing;
    const stored = [...before, ...meanwhile, ...after].toSorted();
    await expect
      .poll(() => readers.every((each) => after.every((id) => idsOf(each, "ParcelCollected").includes(id))))
      .toBe(true);
    await expect.poll(() => readers.every((each) => idsOf(each, "ParcelStored").length >= stored.length)).toBe(true);
    for (const reader of readers) {
      expect(idsOf(reader, "ParcelStored").toSorted()).toEqual(stored);
      // Some of before may be among them: of events that were not delivered yet the new contract decides.
      const collected = idsOf(reader, "ParcelCollected");
      expect(collected).toHaveLength(new Set(collected).size);
      expect(endsOf(reader)).toEqual(["WITHDRAWN"]);
    }
  });

  it("that lets them in no more ends them before the next event, each with the reason", async () => {
    await open({ environment: { ROLLCALL_API_TOKENS: API_TOKENS } });
    const once = (name: keyof typeof TOKENS) =>
      FollowedStream.open((signal) => fetch(`${parcels.url}/v1/events`, { headers: as(name), signal }));
    const reading = await Promise.all(Array.from({ length: READERS }, () => once("reader")));
    const operator = await once("operator");
    await store("a-1", as("operator"));
    await expect.poll(() => reading.map(({ entityIds }) => entityIds)).toEqual(reading.map(() => ["a-1"]));
    const narrowed = inGateway("route: GET /events\n", "route: GET /events\n    access: [operator]\n");
    expect(await parcels.reload(narrowed)).toMatchObject({ changed: true });
    await store("a-2", as("operator"));
    await expect.poll(() => operator.entityIds).toEqual(["a-1", "a-2"]);
    await expect.poll(() => reading.every(({ ended }) => ended)).toBe(true);
    for (const { frames } of reading)
      expect(frames.map(({ data }) => data["code"] ?? data["payload_type"])).toEqual(["ParcelStored", "WITHDRAWN"]);
    expect(operator.ended).toBe(false);
    operator.close();
  });
});

describe("requests that wait", () => {
  it("go on through a reload that fails, and are answered after one that has taken their route away", async () => {
    let send = (): void => {};
    const sent = new Promise<void>((resolve) => (send = resolve));
    const [MailSend] = PARCELS_CODE.intents ?? [];
    const HandlerMailSend = effect(MailSend as never, ["UNAVAILABLE"], async (intents) => {
      await sent;
      return intents.map(() => done());
    });
    const awaited = `calls:
  - operation: awaitParcel
    route: POST /awaited/{parcel_id}
    message: StoreParcel
    wait: { until: [ParcelReturned], timeout: 50s }
    replies: [{ event: ParcelReturned, view: parcel }, { state: STORED, status: 409 }]
`;
    await open({ edit: inGateway("calls:\n", awaited), code: { effects: { HandlerMailSend } } });
    await follow(READERS);
    const wait = (id: string) => parcels.ask("POST", `/v1/awaited/${id}`, { body });
    const ids = numbered("w", WAITING);
    const answers = Promise.all(ids.map(wait));
    const { followers } = parcels.system.following;
    await expect.poll(() => followers.size).toBe(WAITING);

    const file = inGateway("replies: [{ event: ParcelReturned,", "replies: [{ event: ParcelLost,");
    await expect(parcels.reload(file)).rejects.toThrow("RC401");
    expect(parcels.system.runtime.refusedChange).toMatchObject({
      by: "a test",
      reason: expect.stringContaining("RC401"),
    });
    expect((await store("d-1")).status).toBe(201);
    expect((await parcels.ask("POST", "/v1/awaited/d-1", { body })).status).toBe(409);
    expect(followers.size).toBe(WAITING);

    const gone = inGateway(awaited.replace("ParcelReturned,", "ParcelLost,"), "calls:\n");
    expect(await parcels.reload(gone)).toMatchObject({ changed: true });
    expect((await wait("w-late")).status).toBe(404);
    expect(followers.size).toBe(WAITING);
    send();
    expect((await answers).map(({ status }) => status)).toEqual(ids.map(() => 202));
    const told = [...ids, "d-1"].toSorted();
    await expect
      .poll(() => readers.map((each) => idsOf(each, "ParcelStored").toSorted()))
      .toEqual(readers.map(() => told));
    expect(readers.flatMap(endsOf)).toEqual([]);
  });
});

describe("a port", () => {
  const asItIs = (yaml: string): string => yaml;
  const reaches = (url: string): Promise<number> =>
    fetch(url).then(
      ({ status }) => status,
      () => 0,
    );

  it("closes when what a reload brings is not for everybody who reaches it, and opens when it is again", async () => {
    const everybodys = (yaml: string, file: string): string =>
      file === "gateway.yaml" ? yaml.replaceAll(/access: \[.*\]/g, "access: public") : yaml;
    await open({ edit: everybodys, environment: { ROLLCALL_LISTENERS: "parcels=0.0.0.0:0" } });
    const { addresses } = parcels.gateways;
    const count = `${parcels.url}/v1/parcels/count`;
    expect(await reaches(count)).toBe(200);
    await parcels.reload(inGateway("access: public\n    message: Collect", "access: [operator]\n    message: Collect"));
    await expect.poll(() => [...addresses.keys()]).toEqual([]);
    await expect.poll(() => reaches(count)).toBe(0);
    expect(await parcels.host.troubles.list()).toMatchObject([
      { code: "LISTENER_CLOSED", detail: expect.stringContaining("anybody could call collectParcel") },
    ]);
    await parcels.reload(everybodys);
    await expect.poll(() => [...addresses.keys()]).toEqual(["parcels"]);
    expect(await reaches(`${addresses.get("parcels")}/v1/parcels/count`)).toBe(200);
    expect(await parcels.host.troubles.list()).toEqual([]);
  });

  it("opens with the gateway that names it, and goes with it", async () => {
    await open({ environment: { ROLLCALL_LISTENERS: "parcels=0,desk=0" } });
    const { addresses } = parcels.gateways;
    const file = join(parcels.contractsDir, "desk.yaml");
    writeFileSync(
      file,
      `name: desk_http
node_type: GATEWAY
contract_version: { major: 1, minor: 0, patch: 0 }
domain: parcels
listener: { name: desk, port: 9211 }
access: public
calls: [{ operation: countAtDesk, route: GET /count, call: count_parcels }]
`,
    );
    expect(await parcels.reload(asItIs)).toMatchObject({ changed: true });
    await expect.poll(() => addresses.get("desk")).toBeDefined();
    const count = `${addresses.get("desk")}/count`;
    expect(await reaches(count)).toBe(200);
    rmSync(file);
    expect(await parcels.reload(asItIs)).toMatchObject({ changed: true });
    await expect.poll(() => [...addresses.keys()]).toEqual(["parcels"]);
    await expect.poll(() => reaches(count)).not.toBe(200);
    expect(await reaches(`${parcels.url}/v1/parcels/count`)).toBe(200);
  });
});
