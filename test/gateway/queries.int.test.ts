import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { answer } from "../../runtime/core/gateway-code.ts";
import { ParcelsGateway } from "./parcels-gateway.ts";

const more = (yaml: string, file: string): string =>
  file !== "gateway.yaml"
    ? yaml
    : yaml.replace("calls:\n", "calls:\n  - { operation: health, route: GET /health, access: public, call: health }\n");
const calls = {
  count_parcels: async ({ entities }: never) => ({ found: (await (entities as () => Promise<unknown[]>)()).length }),
  count_as_text: () => "many",
  health: () => answer({ ok: false }, { status: 503, headers: { "x-state": "ill" } }),
};

let parcels: ParcelsGateway;
beforeAll(async () => {
  parcels = await ParcelsGateway.open({ edit: more, code: { calls: calls as never } });
  await parcels.ask("PUT", "/v1/parcels/q-1", { body: { email: "ann@example.com" } });
});
afterAll(() => parcels.close());

const get = (path: string, headers: Record<string, string> = {}) => parcels.ask("GET", path, { headers });

describe("an entity", () => {
  it("is shown by its view, with its version", async () => {
    const found = await get("/v1/parcels/q-1");
    expect(found).toMatchObject({ status: 200, body: { parcel_id: "q-1", state: "STORED" } });
    expect(found.headers.get("etag")).toBe('"1"');
    for (const tag of ['"1"', 'W/"1"', '"0", "1"', "*"])
      expect(await get("/v1/parcels/q-1", { "if-none-match": tag })).toMatchObject({ status: 304, text: "" });
    expect((await get("/v1/parcels/q-1", { "if-none-match": '"2"' })).status).toBe(200);
  });

  it("is 404 with the contract's code where there is none, also for what can't be an id", async () => {
    for (const id of ["q-2", "x".repeat(300), "%F0%9F%93%A6"])
      expect(await get(`/v1/parcels/${id}`)).toMatchObject({ status: 404, body: { code: "PARCEL_NOT_FOUND" } });
  });

  it("is answered to HEAD without a body", async () => {
    const head = await parcels.ask("HEAD", "/v1/parcels/q-1");
    expect([head.status, head.headers.get("etag"), head.text]).toEqual([200, '"1"', ""]);
  });
});

describe("a function", () => {
  it("answers as Accept asks", async () => {
    expect((await get("/v1/parcels/count")).body).toEqual({ found: 1 });
    const text = await get("/v1/parcels/count", { accept: "text/plain;q=0.9, application/json;q=0.1" });
    expect([text.text, text.headers.get("content-type")]).toEqual(["many", "text/plain; charset=utf-8"]);
    expect((await get("/v1/parcels/count", { accept: "image/png" })).status).toBe(406);
  });

  it("may say status and headers", async () => {
    const ill = await get("/v1/health");
    expect([ill.status, ill.body, ill.headers.get("x-state")]).toEqual([503, { ok: false }, "ill"]);
  });

  it("has no query parameters that it does not declare", async () =>
    expect(await get("/v1/health?deep=1")).toMatchObject({ status: 400, body: { errors: [{ parameter: "deep" }] } }));
});

describe("what is served", () => {
  it("is described", async () => {
    const { body } = await get("/openapi.json");
    const paths = body["paths"] as Record<string, Record<string, { operationId: string }>>;
    const operations = Object.values(paths).flatMap((path) =>
      Object.values(path).map(({ operationId }) => operationId),
    );
    expect(operations.toSorted()).toEqual(
      ["health", "storeParcel", "listParcels", "collectParcel", "getParcel", "countParcels", "watchParcels"].toSorted(),
    );
    expect(paths["/v1/parcels/{parcel_id}"]?.["put"]).toMatchObject({
      requestBody: { content: { "application/json": { schema: { properties: { email: { type: "string" } } } } } },
      responses: { 200: {}, 201: { description: "ParcelStored" } },
    });
  });
});

describe("metrics", () => {
  const scraped = async (): Promise<ReadonlyMap<string, number>> => {
    const { text } = await parcels.ask("GET", "/metrics", { url: parcels.hostUrl });
    const lines = text.split("\n").filter((line) => line.startsWith("rollcall_gateway_"));
    return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]));
  };
  const requests = (operation: string, status: string, gateway = "parcel_http"): string =>
    `rollcall_gateway_requests_total{gateway="${gateway}",operation="${operation}",status="${status}"}`;
  const took = 'rollcall_gateway_request_duration_seconds_count{gateway="parcel_http",operation="getParcel"}';

  it("count requests by gateway, operation and class, from 0 on", async () => {
    const before = await scraped();
    expect(before.get(requests("collectParcel", "5xx"))).toBe(0);
    await get("/v1/parcels/q-1", { "if-none-match": '"1"' });
    await get("/v1/parcels/q-1");
    await get("/v1/parcels/q-2");
    await parcels.ask("HEAD", "/v1/parcels/q-1");
    const after = await scraped();
    const grown = (series: string): number => (after.get(series) ?? 0) - (before.get(series) ?? 0);
    expect(["2xx", "3xx", "4xx", "5xx"].map((status) => grown(requests("getParcel", status)))).toEqual([2, 1, 1, 0]);
    expect(grown(took)).toBe(4);
  });

  it("have no label that somebody has sent", async () => {
    const before = await scraped();
    for (const path of ["/v1/nowhere", "/v2/parcels/q-1", "/v1//parcels", "/v1/parcels/q-1?conformance=1"])
      await get(path);
    await parcels.ask("PROPFIND", "/v1/parcels/q-1");
    const after = await scraped();
    expect([...after.keys()]).toEqual([...before.keys()]);
    const others = requests("none", "4xx", "none");
    expect((after.get(others) ?? 0) - (before.get(others) ?? 0)).toBe(4);
  });
});
