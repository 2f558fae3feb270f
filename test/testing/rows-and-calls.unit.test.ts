import { describe, expect, it } from "vitest";
import { nodeRegistry } from "../../app/modules/node-registry/module.ts";
import { testDomain } from "../../app/testing/index.ts";
import { defineModule } from "../../app/host/module.ts";
import { shelf } from "../gateway/conformance/shelf/module.ts";
import { PARCELS } from "../gateway/parcels-gateway.ts";

const book = (title: string) => ({ title, pages: 3, marks: ["a"], bought_at: null });
const put = (book_id: string, title = "One") => ({ type: "PutBook", payload: { book_id, ...book(title) } });
const registry = () => testDomain(nodeRegistry, { domain: "node_registry" });
const node = { node_id: "n-1", hostname: "host-1", role: "web" };

describe("the rows of a test's projections", () => {
  it("are those of the entities that there are now, by their keys", () => {
    const domain = testDomain(shelf).given(put("b-2"), put("b-1", "Two"));
    expect(domain.rows("books")).toEqual([
      { book_id: "b-1", state: "STANDING", ...book("Two") },
      { book_id: "b-2", state: "STANDING", ...book("One") },
    ]);
    domain.given({ type: "DropBook", payload: { book_id: "b-2" } });
    expect(domain.rows("books").map(({ book_id }) => book_id)).toEqual(["b-1"]);
  });

  it("are in a log at most once in each span of time", () => {
    const domain = registry().given({ type: "RegisterNode", payload: node });
    const beat = (load: number) => domain.when("NodeHeartbeat", { node_id: "n-1", metrics: { load } });
    beat(1);
    beat(2);
    domain.advance("1m");
    beat(3);
    expect(domain.rows("heartbeat_log")).toMatchObject([
      { node_id: "n-1", timestamp: "2026-01-01T00:00:00.000Z", metrics: { load: 1 } },
      { node_id: "n-1", timestamp: "2026-01-01T00:01:00.000Z", metrics: { load: 3 } },
    ]);
  });

  it("are refused by name, or with the reason for which one can't be had", () => {
    expect(() => testDomain(shelf).rows("boks")).toThrow(/boks.*books/);
    const [domain] = shelf.domains;
    const code: NonNullable<typeof domain>["code"] = (...given) => {
      const made = domain!.code(...given);
      const row = made.rows!["book_row"]!;
      return { ...made, rows: { book_row: { ...row, of: () => ({ state: "STANDING" }) } } };
    };
    const broken = defineModule({ ...shelf, domains: [{ ...domain!, code }] });
    const test = testDomain(broken).given(put("b-1"));
    expect(() => test.rows("books")).toThrow(/^books can't have a row of b-1: title: /);
  });
});

describe("a test's call of a gateway", () => {
  const caller = { id: "rita", roles: ["reader"] };

  it("is answered as the contract's replies and views say", () => {
    const domain = testDomain(shelf);
    const params = { book_id: "b-1" };
    expect(domain.ask("putBook", { params, body: book("One"), caller })).toMatchObject({
      ...{ status: 200, body: { book_id: "b-1", title: "One" }, decision: { result: "changed" } },
    });
    expect(domain.ask("getBook", { params, caller })).toMatchObject({ status: 200, body: { title: "One" } });
    expect(domain.ask("lendBook", { query: { book: "b-1" } })).toMatchObject({ status: 204, body: undefined });
    expect(domain.ask("dropBook", { params })).toMatchObject({ status: 409, body: { code: "BOOK_LENT" } });
    expect(domain.ask("lendBook", { query: { book: "b-1" } })).toMatchObject({
      ...{ status: 409, body: { detail: "it is not on the shelf" } },
    });
    expect(domain.ask("orderBook", { body: { title: "Two" } })).toMatchObject({ status: 202 });
    expect(domain.rows("books")).toMatchObject([{ title: "Two" }]);
  });

  it("is refused where a gateway would refuse it, and nothing is sent", () => {
    const domain = testDomain(shelf).given(put("b-1"));
    const params = { book_id: "b-1" };
    const refused = (...asked: Parameters<typeof domain.ask>) => {
      const { status, body, decision } = domain.ask(...asked);
      return [status, (body as { code?: string }).code, decision];
    };
    expect(refused("getBook", { params: { book_id: "b-9" } })).toEqual([404, "BOOK_UNKNOWN", undefined]);
    expect(refused("lendBook", { query: { book: "b-9" } })).toEqual([404, "BOOK_UNKNOWN", undefined]);
    expect(refused("changeBook", { params: { book_id: "b-9" }, body: book("Two"), ifMatch: 1 })[0]).toBe(404);
    expect(refused("putBook", { params, body: { title: 7 } })).toEqual([400, "INVALID_PAYLOAD", undefined]);
    expect(refused("changeBook", { params, body: { pages: 7 } })).toEqual([400, "INVALID_PAYLOAD", undefined]);
    expect(refused("getBook", { params, caller: { id: "n", roles: ["node"] } })[0]).toBe(403);
    expect(refused("changeBook", { params, body: book("Two") })[0]).toBe(428);
    expect(domain.decisions).toHaveLength(1);
  });

  it("is compared with what the caller has seen", () => {
    const domain = testDomain(shelf).given(put("b-1"));
    const change = (ifMatch: number) =>
      domain.ask("changeBook", { params: { book_id: "b-1" }, body: book("Two"), ifMatch });
    expect(change(7)).toMatchObject({ status: 412, body: { code: "SEQ_CHANGED" } });
    expect(change(1)).toMatchObject({ status: 200, body: { title: "Two" } });
  });

  it("tells the domain who asks", () => {
    const domain = registry().given({ type: "RegisterNode", payload: node });
    const asked = { params: { node_id: "n-1" }, body: { mode: "draining", reason: "a new disk" } };
    const { status, decision } = domain.ask("takeNodeOut", { ...asked, caller: { id: "olga", roles: ["operator"] } });
    expect([status, decision?.events[0]?.payload["by"]]).toEqual([200, "olga"]);
  });

  it("is a command or an entity of the contract", () => {
    const parcels = defineModule({
      ...{ api: 1, name: "parcels" },
      domains: [
        {
          name: "parcels",
          contracts: new URL(`../../${PARCELS.contracts}/`, import.meta.url),
          code: () => PARCELS.code,
        },
      ],
    });
    const domain = testDomain(parcels);
    expect(() => domain.ask("storeParcl")).toThrow(/storeParcl.*storeParcel/);
    for (const operation of ["listParcels", "countParcels", "watchParcels"])
      expect(() => domain.ask(operation)).toThrow(`${operation} is asked of a running system`);
  });
});
