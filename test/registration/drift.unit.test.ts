import { describe, expect, it } from "vitest";
import { consulDrift } from "../../reducers/registration/consul.drift.ts";
import { registerService } from "../../reducers/registration/consul.intents.ts";
import { postgresDrift } from "../../reducers/registration/postgres.drift.ts";
import { upsertRow } from "../../reducers/registration/postgres.intents.ts";
import type { InventoryEntry, Repair } from "../../runtime/core/drift.ts";
import { entity } from "./examples.ts";

const UNDER_WAY = ["PENDING_REGISTRATION", "ACCEPTED", "AWAITING_ACK"];
const ENDED = ["REJECTED", "ACK_TIMED_OUT", "LIVENESS_EXPIRED", "DEREGISTERED"];

const active = entity("ACTIVE");
const context = { entity: active, payload: {}, now: 0 };
const held = (content: object): InventoryEntry => ({
  entityId: "n1",
  version: 3,
  content: content as InventoryEntry["content"],
});
const told = (repairs: readonly Repair[]) => repairs.map(({ kind, intent }) => `${kind} -> ${intent.type}`);

describe("the service of a node", () => {
  const { check, ...wanted } = registerService(active.data, context)?.payload as Record<string, unknown>;
  const service = (more: object = {}): InventoryEntry =>
    held({ ...wanted, status: (check as { status: string }).status, ...more });

  it("is right as the effect writes it", () => expect(consulDrift(active, [service()])).toEqual([]));

  it("is asked for again where it is not there", () =>
    expect(consulDrift(active, [])).toMatchObject([
      { kind: "missing", intent: { payload: { check: { status: "passing" } } } },
    ]));

  it.each([
    ["address", "10.9.9.9"],
    ["address", null],
    ["port", 1],
    ["tags", []],
    ["service_name", "onex-other"],
    ["status", "critical"],
    ["status", null],
  ])("is written again when its %s is %j", (field, value) =>
    expect(consulDrift(active, [service({ [field]: value })])).toMatchObject([
      { kind: "altered", description: `onex-effect-n1 has another ${field}`, intent: { type: "consul.register" } },
    ]),
  );

  it("under another id is left over", () =>
    expect(told(consulDrift(active, [service(), service({ service_id: "onex-compute-n1" })]))).toEqual([
      "leftover -> consul.deregister",
    ]));

  it.each(UNDER_WAY)("is nobody's business in %s", (state) => {
    expect(consulDrift(entity(state), [])).toEqual([]);
  });

  it.each(ENDED)("is left over in %s", (state) => {
    expect(told(consulDrift(entity(state), [service()]))).toEqual(["leftover -> consul.deregister"]);
    expect(consulDrift(entity(state), [])).toEqual([]);
  });

  it("of a node that nobody knows is left over", () =>
    expect(told(consulDrift(undefined, [service()]))).toEqual(["leftover -> consul.deregister"]));
});

describe("the row of a node", () => {
  const wanted = upsertRow(active.data, context)?.payload ?? {};
  const row = (more: object = {}): InventoryEntry => held({ ...wanted, ...more });

  it("is right as the effect writes it, in whatever order its keys come back", () => {
    expect(postgresDrift(active, [row()])).toEqual([]);
    const two = entity("ACTIVE", { node: { ...active.data.node!, endpoints: { b: "http://b", a: "http://a" } } });
    expect(postgresDrift(two, [row({ endpoints: { a: "http://a", b: "http://b" } })])).toEqual([]);
  });

  it("is written again, with its times, where it is not there", () =>
    expect(told(postgresDrift(active, []))).toEqual([
      "missing -> postgres.upsert_registration",
      "missing -> postgres.update_registration",
    ]));

  it.each([
    ["status", "DEREGISTERED"],
    ["endpoints", {}],
    ["capabilities", ["read"]],
    ["metadata", { zone: "b" }],
    ["node_version", "9.9.9"],
    ["node_name", "other"],
  ])("is written again when its %s is %j", (field, value) =>
    expect(postgresDrift(active, [row({ [field]: value })])).toMatchObject([
      {
        kind: "altered",
        description: `the row of n1 has another ${field}`,
        intent: { type: "postgres.upsert_registration" },
      },
    ]),
  );

  it.each(UNDER_WAY)("is nobody's business in %s", (state) =>
    expect(postgresDrift(entity(state), [row({ status: "WRONG" })])).toEqual([]),
  );

  it.each(ENDED)("says how the node ended in %s, and no row is made for that", (state) => {
    expect(told(postgresDrift(entity(state), [row()]))).toEqual(["altered -> postgres.update_registration"]);
    expect(postgresDrift(entity(state), [row({ status: state, endpoints: {} })])).toEqual([]);
    expect(postgresDrift(entity(state), [])).toEqual([]);
  });

  it("of a node that nobody knows is left alone", () => expect(postgresDrift(undefined, [row()])).toEqual([]));
});
