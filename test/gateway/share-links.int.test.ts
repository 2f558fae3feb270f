import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { rotateDoorKey } from "../../runtime/stored/door-keys.ts";
import { FollowedStream } from "./followed-stream.ts";
import { API_TOKENS, type Answered, type GatewayOptions, ParcelsGateway, TOKENS } from "./parcels-gateway.ts";
import { withLinks } from "./shared-parcels.ts";

let shared: ParcelsGateway;
let parcels: ParcelsGateway;
const streams: FollowedStream[] = [];
beforeAll(async () => {
  await open();
  shared = parcels;
});
afterEach(async () => {
  for (const stream of streams.splice(0)) stream.close();
  vi.restoreAllMocks();
  if (parcels !== shared) await parcels.close();
  parcels = shared;
});
afterAll(() => shared.close());

async function open(options: GatewayOptions = {}, tokens: string | undefined = API_TOKENS): Promise<void> {
  const environment = tokens ? { ROLLCALL_API_TOKENS: tokens } : {};
  parcels = await ParcelsGateway.open({ edit: withLinks, environment, ...options });
}

const as = (who: keyof typeof TOKENS) => ({ authorization: `Bearer ${TOKENS[who]}` });
const store = (id: string) =>
  parcels.ask("PUT", `/v1/parcels/${id}`, { body: { email: "ann@example.com" }, headers: as("operator") });
const collect = (id: string) => parcels.ask("POST", `/v1/parcels/${id}/collection`, { headers: as("operator") });

interface Link {
  readonly url: string;
  readonly expires_at: string;
}
async function share(id: string, body: object = {}): Promise<Link> {
  const answer = await parcels.ask<Link & Record<string, unknown>>("POST", `/v1/parcels/${id}/share`, {
    body,
    headers: as("operator"),
  });
  expect(answer.status).toBe(201);
  return answer.body;
}
const linkOf = ({ url }: Link): string => new URL(url, "http://x").searchParams.get("share") ?? "";
const get = (path: string, headers: Record<string, string> = {}): Promise<Answered> =>
  parcels.ask("GET", path, { headers });
async function follow(path: string, headers: Record<string, string> = {}): Promise<FollowedStream> {
  const stream = await FollowedStream.open((signal) => fetch(parcels.url + path, { headers, signal }));
  streams.push(stream);
  return stream;
}

describe("a link", () => {
  it("opens what it names of one entity, and nothing else", async () => {
    for (const id of ["p1-1", "p1-2"]) await store(id);
    const link = await share("p1-1");
    expect(link.url).toMatch(/^\/v1\/parcels\/p1-1\?share=1\./);
    expect(await get(link.url)).toMatchObject({ status: 200, body: { parcel_id: "p1-1", state: "STORED" } });
    const query = `?share=${linkOf(link)}`;
    const stream = await follow(`/v1/parcels/p1-1/events${query}`);
    await collect("p1-1");
    await expect.poll(() => stream.types).toEqual(["ParcelStored", "ParcelCollected"]);
    for (const path of ["/v1/parcels/p1-2", "/v1/parcels/p1-2/events"])
      expect(await get(path + query)).toMatchObject({ status: 401, body: { code: "LINK_INVALID" } });
    const glance = await parcels.ask<Link & Record<string, unknown>>("POST", "/v1/parcels/p1-1/glance", {
      headers: as("operator"),
    });
    expect((await get(glance.body.url)).status).toBe(200);
    expect((await get(`/v1/parcels/p1-1/events?share=${linkOf(glance.body)}`)).status).toBe(401);
    // Calls that take no link: it is no token there.
    for (const path of ["/v1/parcels", "/v1/events"]) expect((await get(path + query)).status).toBe(401);
    expect((await parcels.ask("PUT", `/v1/parcels/p1-1${query}`, { body: {} })).status).toBe(401);
    expect((await parcels.ask("POST", `/v1/parcels/p1-1/share${query}`, { body: {} })).status).toBe(401);
    expect((await get("/v1/parcels/p1-1")).status).toBe(401);
  });

  it("that anybody has changed, or sends twice, is nobody's, whoever sends it", async () => {
    await store("p2-1");
    const text = linkOf(await share("p2-1"));
    const [version, key, body = "", mac] = text.split(".");
    const changed = (change: (link: unknown[]) => unknown[]): string => {
      const read = JSON.parse(Buffer.from(body, "base64url").toString()) as unknown[];
      return [version, key, Buffer.from(JSON.stringify(change(read))).toString("base64url"), mac].join(".");
    };
    const wrong = [
      changed(([domain, , operations, until]) => [domain, "p2-1", operations, (until as number) + 1]),
      changed(([domain, id, , until]) => [domain, id, ["getParcel"], until]),
      ...["", "1.1.x.y", `${text}&share=${text}`, `${text}&share=`],
    ];
    for (const each of wrong)
      for (const headers of [{}, as("operator")])
        expect((await get(`/v1/parcels/p2-1?share=${each}`, headers)).status, each).toBe(401);
    expect((await get(`/v1/parcels/p2-1?share=${text}&shares=1`)).status).toBe(400);
  });

  it("that anybody has changed is nobody's where there are no tokens too", async () => {
    await open({}, "");
    await store("p-1");
    const { url } = await share("p-1");
    expect((await get("/v1/parcels/p-1")).status).toBe(200);
    expect((await get(url)).status).toBe(200);
    expect((await get(`${url}A`)).status).toBe(401);
  });

  it("ends when its time is over, also of a clock that is set, and ends its streams with the reason", async () => {
    await store("p4-1");
    const wallMs = vi.spyOn(parcels.host.clock, "wallMs");
    wallMs.mockReturnValue(Date.parse("2026-01-31T12:00:00Z"));
    const link = await share("p4-1", { expires_in: "90s" });
    expect(link.expires_at).toBe("2026-01-31T12:01:30.000Z");
    const stream = await follow(`/v1/parcels/p4-1/events?share=${linkOf(link)}`);
    await expect.poll(() => stream.types).toEqual(["ParcelStored"]);
    wallMs.mockReturnValue(Date.parse("2026-01-31T12:01:29.999Z"));
    expect((await get(link.url)).status).toBe(200);
    wallMs.mockReturnValue(Date.parse("2026-01-31T12:01:30Z"));
    expect((await get(link.url)).status).toBe(401);
    // What happens from then on is not told.
    await collect("p4-1");
    await expect.poll(() => stream.ended, { timeout: 15_000 }).toBe(true);
    expect(stream.frames.at(-1)?.data).toMatchObject({ code: "EXPIRED" });
    expect(stream.types).not.toContain("ParcelCollected");
    const cursor = { "last-event-id": stream.frames.at(-1)?.id ?? "" };
    wallMs.mockReturnValue(Date.parse("2026-01-31T12:02:00Z"));
    const again = await follow(`/v1/parcels/p4-1/events?share=${linkOf(await share("p4-1"))}`, cursor);
    await expect.poll(() => again.types).toEqual(["ParcelCollected"]);
  });

  it("goes on while its key is replaced once, and ends when it is replaced twice", async () => {
    await open();
    await store("p-1");
    const { url } = await share("p-1");
    const { host } = parcels;
    const later = vi.spyOn(host.clock, "monotonicMs");
    const rotate = async (byte: number): Promise<void> => {
      await rotateDoorKey(host.store, Buffer.alloc(32, byte), 0);
      later.mockReturnValue(performance.now() + byte * 100_000);
    };
    await rotate(1);
    expect((await get(url)).status).toBe(200);
    await rotate(2);
    expect((await get(url)).status).toBe(401);
  });

  it("is made for as long as the contract lets it, of an entity that there is, by whoever may act for it", async () => {
    await store("p6-1");
    const make = (body: unknown, id = "p6-1", who: keyof typeof TOKENS = "operator") =>
      parcels.ask("POST", `/v1/parcels/${id}/share`, { body, headers: as(who) });
    for (const expires_in of ["3d", "0s", "1y", "", 60])
      expect(await make({ expires_in })).toMatchObject({ status: 400, body: { errors: [{ pointer: "/expires_in" }] } });
    expect(await make({ until: "1h" })).toMatchObject({ status: 400, body: { errors: [{ pointer: "/until" }] } });
    expect(await make({}, "p6-9")).toMatchObject({ status: 404, body: { code: "PARCEL_NOT_FOUND" } });
    expect((await make({}, "p6-1", "reader")).status).toBe(403);
    expect((await make({}, "p6-1", "node")).status).toBe(403);
  });

  it("is in no log and in no answer", async () => {
    const told: unknown[] = [];
    await open({
      onInternalError: (...what: unknown[]) => void told.push(...what.map(String)),
      code: {
        views: {
          parcel: () => {
            throw new Error("a defect");
          },
        },
      },
    });
    const stored = await store("p-1");
    expect(stored.status).toBe(500);
    const link = await share("p-1");
    const failed = await get(link.url);
    expect(failed).toMatchObject({ status: 500, body: { instance: "/v1/parcels/p-1" } });
    expect(told.length).toBeGreaterThan(0);
    expect(JSON.stringify(told) + failed.text).not.toContain(linkOf(link).slice(0, 12));
  });

  it("is told by OpenAPI where it is taken", async () => {
    const { body } = await get("/openapi.json", as("operator"));
    const { paths, components } = body as unknown as {
      readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly security: unknown }>>>>;
      readonly components: { readonly securitySchemes: unknown };
    };
    expect(components.securitySchemes).toMatchObject({ link_share: { type: "apiKey", in: "query", name: "share" } });
    expect(paths["/v1/parcels/{parcel_id}"]?.["get"]?.security).toEqual([{ token: [] }, { link_share: [] }]);
    expect(paths["/v1/parcels"]?.["get"]?.security).toEqual([{ token: [] }]);
  });
});

describe("a stream of one entity", () => {
  it("begins with its first event, and goes on behind a cursor", async () => {
    for (const id of ["p9-1", "p9-2", "p9-3"]) await store(id);
    const first = await follow("/v1/parcels/p9-2/events", as("operator"));
    await expect.poll(() => first.types).toEqual(["ParcelStored"]);
    await collect("p9-2");
    await collect("p9-1");
    await expect.poll(() => first.types).toEqual(["ParcelStored", "ParcelCollected"]);
    expect(new Set(first.entityIds)).toEqual(new Set(["p9-2"]));
    const { id = "" } = first.frames[0] ?? {};
    const again = await follow("/v1/parcels/p9-2/events", { ...as("operator"), "last-event-id": id });
    await expect.poll(() => again.types).toEqual(["ParcelCollected"]);
    expect(await get("/v1/parcels/p9-9/events", as("operator"))).toMatchObject({
      ...{ status: 404, body: { code: "PARCEL_NOT_FOUND" } },
    });
  });
});
