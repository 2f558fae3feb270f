import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { request } from "../../runtime/core/gateway-code.ts";
import { type Answered, ParcelsGateway } from "./parcels-gateway.ts";

const email = "ann@example.com";
const slowed = (yaml: string, file: string): string => {
  if (file !== "gateway.yaml") return yaml;
  return yaml.replace(
    "calls:\n",
    `calls:
  - operation: sendParcel
    route: POST /parcels
    message: StoreParcel
    payload: send_parcel
    load: { other: { id: query.like, view: parcel } }
    replies: [{ event: ParcelStored, view: parcel }, { state: STORED, status: 204 }]
  - operation: orderParcel
    route: POST /orders/{parcel_id}
    message: StoreParcel
    wait: none
  - operation: awaitParcel
    route: POST /awaited/{parcel_id}
    message: StoreParcel
    wait: { until: [ParcelCollected] }
    replies: [{ event: ParcelCollected, view: parcel }, { state: STORED, status: 409 }]
  - operation: brokenParcel
    route: POST /broken/{parcel_id}
    message: StoreParcel
    payload: break_parcel
    replies: [{ event: ParcelStored }, { state: STORED, status: 204 }]
`,
  );
};

const requests = {
  send_parcel: request(
    { body: z.strictObject({ to: z.string().min(3) }), query: z.strictObject({ like: z.string() }) },
    ({ body, loaded, newId }) => ({
      parcel_id: newId(),
      email: body.to === "same" ? (loaded["other"] as { email: string }).email : body.to,
    }),
  ),
  break_parcel: () => {
    throw new Error("a defect");
  },
};

const defects: unknown[] = [];
let parcels: ParcelsGateway;
beforeAll(async () => {
  const onInternalError = (error: unknown): void => void defects.push(error);
  parcels = await ParcelsGateway.open({ edit: slowed, code: { requests }, onInternalError });
});
afterAll(() => parcels.close());

const store = (id: string, body: unknown = { email }, headers: Record<string, string> = {}) =>
  parcels.ask("PUT", `/v1/parcels/${id}`, { body, headers });
const collect = (id: string) => parcels.ask("POST", `/v1/parcels/${id}/collection`);
const journaled = async (id: string): Promise<number> => {
  const [row] = await parcels.host.store.query<{ lines: number }>(
    "select count(*)::int as lines from rollcall.journal where entity_id = $1 and kind = 'message'",
    [id],
  );
  return row?.lines ?? 0;
};

describe("a command", () => {
  it("is answered with what its turn made of the entity", async () => {
    expect(await store("c-1")).toMatchObject({ status: 201, body: { parcel_id: "c-1", state: "STORED", email } });
    expect(await collect("c-1")).toMatchObject({ status: 200, body: { state: "COLLECTED" } });
  });

  it("is answered by its state where nothing happens, as a problem from 400 on", async () => {
    await store("c-2");
    expect(await store("c-2")).toMatchObject({ status: 200, body: { state: "STORED" } });
    await collect("c-2");
    const again = await collect("c-2");
    expect(again).toMatchObject({ status: 409, body: { detail: "it is not in the locker", entity_id: "c-2" } });
    expect(again.headers.get("content-type")).toBe("application/problem+json");
  });

  it("publishes nothing for an entity that has to be there and is not", async () => {
    expect(await collect("c-3")).toMatchObject({ status: 404, body: { code: "PARCEL_NOT_FOUND" } });
    expect(await journaled("c-3")).toBe(0);
  });

  it("is refused with pointers into what was sent", async () => {
    expect(await store("c-4", { email: 5 })).toMatchObject({
      status: 400,
      body: { code: "INVALID_PAYLOAD", errors: [{ pointer: "/email" }] },
    });
    const sent = await parcels.ask("POST", "/v1/parcels?like=c-1", { body: { to: "a", more: 1 } });
    expect(sent.body["errors"]).toMatchObject([{ pointer: "/to" }, { pointer: "/more" }]);
    const unknown = await parcels.ask("PUT", "/v1/parcels/c-4?colour=red", { body: { email } });
    expect(unknown).toMatchObject({ status: 400, body: { errors: [{ parameter: "colour" }] } });
  });

  it("keeps what an open body has beside, and takes none for an empty one", async () => {
    const stored = await store("c-5", { email, shelf: 7 });
    expect(stored.status).toBe(201);
    const headers = { "content-type": "application/json" };
    expect(await parcels.ask("POST", "/v1/parcels/c-5/collection", { body: "", headers })).toMatchObject({
      status: 200,
    });
  });

  it("refuses a body that is no JSON object, is too long or too deep", async () => {
    for (const [body, status] of [
      ["{", 400],
      ["[]", 400],
      ['{"email":"a","email":"b"}', 400],
      [`{"email":${"[".repeat(40)}${"]".repeat(40)}}`, 400],
      [JSON.stringify({ email: "x".repeat(300_000) }), 413],
    ] as const)
      expect((await store("c-6", body)).status).toBe(status);
    expect((await store("c-6", "a=b", { "content-type": "text/plain" })).status).toBe(415);
  });

  it("gets its payload from code, with what it loads", async () => {
    await store("c-7", { email: "bob@example.com" });
    const sent = await parcels.ask("POST", "/v1/parcels?like=c-7", { body: { to: "same" } });
    expect(sent).toMatchObject({ status: 200, body: { email: "bob@example.com", state: "STORED" } });
    const lost = await parcels.ask("POST", "/v1/parcels?like=c-nobody", { body: { to: "same" } });
    expect(lost.status).toBe(404);
  });

  it("is 500 where code fails, and says so to the operator only", async () => {
    const broken = await parcels.ask("POST", "/v1/broken/c-8", { body: {} });
    expect(broken).toMatchObject({
      status: 500,
      body: { detail: "the request failed; the process's log has the error" },
    });
    expect(defects).toEqual([new Error("a defect")]);
    expect(await journaled("c-8")).toBe(0);
  });
});

describe("a command with an Idempotency-Key", () => {
  const key = (name: string) => ({ "idempotency-key": name });

  it("is taken once, and answered alike each time", async () => {
    const first = await store("k-1", { email }, key("one"));
    const again = await store("k-1", { email }, key("one"));
    expect([again.status, again.body]).toEqual([first.status, first.body]);
    expect([first.status, await journaled("k-1")]).toEqual([201, 1]);
  });

  it("has the same new ids", async () => {
    const send = () => parcels.ask("POST", "/v1/parcels?like=c-1", { body: { to: "ann" }, headers: key("sent") });
    const [first, again] = [await send(), await send()];
    expect(again.body["parcel_id"]).toBe(first.body["parcel_id"]);
  });

  it("is 422 with another body or another entity, and is not taken", async () => {
    await store("k-2", { email }, key("two"));
    for (const other of [
      await store("k-2", { email: "eve@example.com" }, key("two")),
      await store("k-3", { email }, key("two")),
    ])
      expect(other).toMatchObject({ status: 422, body: { type: "urn:rollcall:problem:key-reused" } });
    expect(await journaled("k-3")).toBe(0);
  });

  it("is 400 for a key that is none", async () =>
    expect(await store("k-6", { email }, key("with a blank"))).toMatchObject({ status: 400 }));
});

describe("a command that takes longer", () => {
  const statusAt = (answer: Answered) => parcels.ask("GET", answer.headers.get("location") ?? "");

  it("is answered at once where what it waits for will not come", async () => {
    await store("l-2");
    expect(await parcels.ask("POST", "/v1/awaited/l-2", { body: { email } })).toMatchObject({ status: 409 });
  });

  it("is 202 where something else has come of it, and nothing more will", async () => {
    const ended = await parcels.ask("POST", "/v1/awaited/l-5", { body: { email } });
    expect([ended.status, (await statusAt(ended)).body["status"]]).toEqual([202, "taken"]);
  });

  it("is 202 where nothing is waited for", async () => {
    const ordered = await parcels.ask("POST", "/v1/orders/l-3", { body: { email } });
    expect(ordered).toMatchObject({ status: 202, body: { entity_id: "l-3" } });
    await expect.poll(async () => (await statusAt(ordered)).body["status"]).toBe("taken");
  });

  it("is not known where no turn has taken it", async () => {
    const path = "/api/v1/domains/parcels/entities/l-4/messages/00000000-0000-7000-8000-000000000000";
    expect(await parcels.ask("GET", path)).toMatchObject({ status: 200, body: { status: "not_known", result: null } });
  });
});
