import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { partitionOf } from "../../runtime/core/murmur2.ts";
import { ParcelsGateway } from "./parcels-gateway.ts";

const LONGEST = "x".repeat(255);
const NOBODYS = ["x".repeat(256), "", "y".repeat(100_000)];
const message = (parcel_id: string) => ({
  ...{ payload_type: "StoreParcel", payload: { parcel_id, email: "ann@example.com" } },
});

let parcels: ParcelsGateway;
beforeAll(async () => void (parcels = await ParcelsGateway.open()));
afterAll(() => parcels.close());

const letters = () =>
  parcels.host.store.query<{ code: string; error: string }>(
    `select error_code as code, error from rollcall.dead_letter order by "offset"`,
  );

describe("an id that nobody could ask for", () => {
  it("is a dead letter from the bus, with the reason, and what comes behind it is taken", async () => {
    const { runtime, domain, bus } = parcels.system;
    const { partitions } = runtime.status();
    const { topic } = domain.consumed.find(({ type }) => type === "StoreParcel") ?? { topic: "" };
    const send = (ids: readonly string[], partition: number) =>
      bus.publish(
        ids.map((id) => ({
          ...{ topic, partition, key: Buffer.from(id.slice(0, 100)), headers: {} },
          value: Buffer.from(JSON.stringify(message(id))),
        })),
        { timeoutMs: 10_000 },
      );
    await send([...NOBODYS, LONGEST], partitionOf(LONGEST, partitions));
    await expect.poll(async () => (await parcels.ask("GET", `/v1/parcels/${LONGEST}`)).status).toBe(200);
    const refused = { code: "INVALID_PAYLOAD", error: "/parcel_id: an id has 1 to 255 characters" };
    expect(await letters()).toEqual(NOBODYS.map(() => refused));
    expect(await parcels.host.store.query("select entity_id from rollcall.entity")).toEqual([{ entity_id: LONGEST }]);
  });

  it("is refused at the host's own port, with the place", async () => {
    for (const id of NOBODYS)
      expect(
        await parcels.ask("POST", "/api/v1/domains/parcels/events", {
          url: parcels.hostUrl,
          body: message(id),
        }),
      ).toMatchObject({
        status: 400,
        body: { errors: [{ pointer: "/payload/parcel_id", detail: "an id has 1 to 255 characters" }] },
      });
    expect(await parcels.host.store.query("select 1 from rollcall.entity")).toHaveLength(1);
  });
});
