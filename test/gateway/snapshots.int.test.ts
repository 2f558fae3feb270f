import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { RowView } from "../../runtime/core/gateway-code.ts";
import { FollowedStream } from "./followed-stream.ts";
import { ParcelsGateway } from "./parcels-gateway.ts";

const ROWS = 700;
let parcels: ParcelsGateway;
const streams: FollowedStream[] = [];
/** Makes the view fail, or write much. */
let disturb: (parcelId: string) => string = () => "";
const view: RowView = ({ parcel_id }) => ({ parcel_id: parcel_id ?? "", more: disturb(String(parcel_id)) });

const withSnapshot = (yaml: string, file: string): string =>
  file === "gateway.yaml"
    ? yaml.replace(
        "follows: { select: { parcel_id: entity_id } }",
        () =>
          "follows:\n      select: { parcel_id: entity_id }\n" +
          "      begins_with: { projection: parcel_list, view: told, if: rows }",
      )
    : yaml;

beforeAll(async () => {
  parcels = await ParcelsGateway.open({ edit: withSnapshot, code: { rowViews: { told: view } } });
  await store("a-1");
});
beforeEach(() => (disturb = () => ""));
afterEach(() => streams.splice(0).forEach((stream) => stream.close()));
afterAll(() => parcels.close());

async function follow(query: string, headers: Record<string, string> = {}): Promise<FollowedStream> {
  const stream = await FollowedStream.open((signal) => fetch(`${parcels.url}/v1/events${query}`, { headers, signal }));
  streams.push(stream);
  return stream;
}
const store = (id: string) => parcels.ask("PUT", `/v1/parcels/${id}`, { body: { email: "ann@example.com" } });
const collect = (id: string) => parcels.ask("POST", `/v1/parcels/${id}/collection`);
const rowsOf = ({ frames }: FollowedStream): readonly unknown[] =>
  frames.flatMap(({ data }) => ("more" in data ? [data["parcel_id"]] : []));
const endOf = ({ frames }: FollowedStream) => frames.find(({ data }) => "rows" in data);
async function whole(query: string, headers: Record<string, string> = {}): Promise<FollowedStream> {
  const stream = await follow(query, headers);
  await expect.poll(() => endOf(stream), { timeout: 10_000 }).toBeDefined();
  return stream;
}
/** Rows beside the one that is stored. */
const fill = (): Promise<unknown> =>
  parcels.host.store.query(
    `insert into rollcall_parcels.parcel_list_v1 (parcel_id, status)
     select 'x-' || lpad(n::text, 4, '0'), 'STORED' from generate_series(1, $1::int) n`,
    [ROWS - 1],
  );
const empty = (): Promise<unknown> =>
  parcels.host.store.query("delete from rollcall_parcels.parcel_list_v1 where parcel_id like 'x-%'");

describe("a stream that begins with what there is", () => {
  it("tells rows, then events from before they were read, and nothing of it to whoever has not asked", async () => {
    const [asked, other] = [await whole("?rows=true"), await follow("")];
    expect(asked.events).toEqual(["snapshot", "row", "snapshot_end"]);
    expect(asked.frames[0]?.data).toEqual({ domain: "parcels", projection: "parcel_list" });
    expect(endOf(asked)?.data).toEqual({ rows: 1 });
    await store("a-2");
    for (const stream of [asked, other]) await expect.poll(() => stream.events.at(-1)).toBe("ParcelStored");
    expect(other.events).toEqual(["ParcelStored"]);
    expect((await follow("?rows=perhaps")).status).toBe(400);
  });

  it("narrows its rows as its events", async () => {
    expect(rowsOf(await whole("?rows=true&parcel_id=a-1"))).toEqual(["a-1"]);
    expect(rowsOf(await whole("?rows=true&parcel_id=a-9"))).toEqual([]);
  });

  it("goes on behind a cursor without them", async () => {
    const { id = "" } = endOf(await whole("?rows=true")) ?? {};
    await store("a-3");
    const again = await follow("?rows=true", { "last-event-id": id });
    await collect("a-3");
    await expect.poll(() => again.events).toEqual(["ParcelStored", "ParcelCollected"]);
  });

  it("that is cut in the middle begins anew", async () => {
    await fill();
    disturb = (id) => {
      if (id === "x-0600") throw new Error("a defect");
      return "";
    };
    const cut = await follow("?rows=true");
    await expect.poll(() => cut.ended).toBe(true);
    // A whole piece, and nothing that looks like the end of it.
    expect(rowsOf(cut).length).toBe(500);
    expect(endOf(cut)).toBeUndefined();
    expect(new Set(cut.frames.map(({ id }) => id))).toEqual(new Set(["snapshot"]));
    disturb = () => "";
    const again = await whole("", { "last-event-id": "snapshot" });
    expect(new Set(rowsOf(again)).size).toBeGreaterThanOrEqual(ROWS);
    expect(endOf(again)?.data).toEqual({ rows: rowsOf(again).length });
    await empty();
  });

  it("is written as fast as it is read, two at a time at a listener, and misses nothing meanwhile", async () => {
    await fill();
    disturb = () => "x".repeat(20_000);
    const slow = [await unread("?rows=true"), await unread("?rows=true")];
    expect(await statusOf("?rows=true")).toBe(503);
    expect(await statusOf("")).toBe(200);
    await store("a-4");
    const [first, second] = slow;
    second?.destroy();
    disturb = () => "";
    await expect.poll(() => statusOf("?rows=true")).toBe(200);
    let text = "";
    first?.setEncoding("utf8").on("data", (part: string) => (text += part));
    await expect.poll(() => text, { timeout: 10_000 }).toMatch(/event: snapshot_end\n[^]*event: ParcelStored\n/);
    expect(text.match(/^event: row$/gm)?.length).toBeGreaterThanOrEqual(ROWS);
    first?.destroy();
    await empty();
  });

  it("tells once what was missed, and then all that there is", async () => {
    const { id = "" } = endOf(await whole("?rows=true")) ?? {};
    await store("a-5");
    // As a day that is over goes.
    await parcels.host.store.query("delete from rollcall.turn");
    const behind = await whole("?rows=true", { "last-event-id": id });
    expect(behind.events.slice(0, 2)).toEqual(["gap", "snapshot"]);
    expect(rowsOf(behind)).toContain("a-5");
    await collect("a-5");
    await expect.poll(() => behind.events.at(-1)).toBe("ParcelCollected");
    expect(behind.events.filter((name) => name === "gap")).toEqual(["gap"]);
    const without = await follow("", { "last-event-id": id });
    await expect.poll(() => without.events).toEqual(["gap", "ParcelCollected"]);
  });
});

const get = (query: string) =>
  new Promise<IncomingMessage>((resolve, reject) =>
    request(`${parcels.url}/v1/events${query}`, { agent: false }).on("response", resolve).on("error", reject).end(),
  );

/** One whose reader has read the beginning, and reads nothing more. */
async function unread(query: string): Promise<IncomingMessage> {
  const response = await get(query);
  await once(response, "readable");
  return response;
}

async function statusOf(query: string): Promise<number | undefined> {
  const response = await get(query);
  response.destroy();
  return response.statusCode;
}
