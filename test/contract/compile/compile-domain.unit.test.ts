import { describe, expect, it } from "vitest";
import { compileDomain } from "../../../runtime/contract/compile/compile-domain.ts";
import { buildDomainModel } from "../../../runtime/contract/model/domain-model.ts";
import { buildContractSet } from "../../../runtime/contract/reading/contract-set.ts";
import { loadContract, loadContractFolder } from "../../../runtime/contract/reading/load.ts";
import type { LoadedContract } from "../../../runtime/contract/reading/contract-source.ts";
import { fillTopic } from "../../../runtime/contract/language/topic-pattern.ts";
import { validateDomain } from "../../../runtime/contract/checks/validate.ts";
import { NO_ENTITY, type Domain } from "../../../runtime/core/domain.ts";
import { toyCode, toyFolder } from "../toy-domain.ts";

const NAMES = { env: "dev", namespace: "" };
const compiled = (sources: readonly LoadedContract[]): Domain => {
  const { set, diagnostics } = buildContractSet("toy", sources);
  if (!set) throw new Error(JSON.stringify(diagnostics));
  return compileDomain(buildDomainModel(set, toyCode), NAMES);
};
const sources = loadContractFolder(toyFolder).contracts;
const toy = compiled(sources);
const rewritten = (change: (text: string) => string): readonly LoadedContract[] =>
  sources.map(({ file, text }) => {
    const { source, diagnostics } = loadContract({ file, text: change(text) });
    if (!source || diagnostics.length > 0) throw new Error(JSON.stringify(diagnostics));
    return source;
  });
/** What can be compared: two compiled conditions are never the same function. */
const plain = (value: unknown): unknown => {
  if (typeof value === "function") return value.name;
  if (value instanceof Map) return [...value].map(plain);
  if (value instanceof Set) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null || value === toyCode.reducer) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, key === "message" || key === "effect" ? inner : plain(inner)]),
  );
};

const rowsOf = (type: string, state: string) => toy.routes.get(type)?.rows.get(state) ?? [];
const shown = (type: string, state: string) =>
  rowsOf(type, state).map(({ when, action }) => {
    const what = action.kind === "no_op" ? action.reason : action.kind === "call" ? action.name : action.kind;
    return `${when ? "when " : ""}${what}`;
  });

describe("a compiled domain", () => {
  it("has its topics filled, and no dot for an empty segment", () => {
    expect(toy.consumed.map(({ topic, type, journal }) => [topic, type, journal])).toEqual([
      ["dev.shop.place-order", "PlaceOrder", true],
      ["dev.shop.cancel-order", "CancelOrder", true],
      ["dev.shop.customer-seen", "CustomerSeen", false],
    ]);
    expect(toy.topicByEventType.get("OrderPaid")).toBe("dev.shop.orders");
    expect(toy.deadLetterTopic).toBe("dev.shop.dead");
    expect(fillTopic("{env}.{namespace}.a", { env: "prod", namespace: "eu" })).toBe("prod.eu.a");
  });

  it("asks a state's rows in order, and below a row without when asks no other", () => {
    expect(shown("PlaceOrder", NO_ENTITY)).toEqual(["when an order of nothing", "place"]);
    expect(shown("PlaceOrder", "UNPAID")).toEqual(["when an order of nothing", "when place", "ordered before"]);
    expect(shown("PlaceOrder", "PAID")).toEqual(["when an order of nothing", "ordered before"]);
    expect(shown("CancelOrder", NO_ENTITY)).toEqual(["nothing to cancel"]);
    expect(shown("CancelOrder", "TOLD")).toEqual(["cancel"]);
  });

  it("calls a handler's one action in any state", () =>
    expect(
      [...(toy.routes.get("deadline(pickup)")?.rows.keys() ?? [])].map((state) => shown("deadline(pickup)", state)),
    ).toEqual([NO_ENTITY, "UNPAID", "PAID", "TOLD", "ENDED"].map(() => ["end"])));

  it("compiles a row's condition over the payload and the entity's data", () => {
    const [, larger] = rowsOf("PlaceOrder", "UNPAID");
    const facts = { payload: { amount: 5 }, unconfirmed: 0 };
    expect(larger?.when?.({ ...facts, state: { amount: 4 } })).toBe(true);
    expect(larger?.when?.({ ...facts, state: { amount: 5 } })).toBe(false);
  });

  it("has durations in ms, and deadlines by name", () => {
    expect(toy.orchestrator.states.get("TOLD")?.deadline).toEqual({
      name: "pickup",
      afterMs: 172_800_000,
      renewedBy: new Set(["CustomerSeen"]),
      renewedForMs: 43_200_000,
    });
    expect(toy.deadlineAfterMs).toEqual(new Map([["pickup", 172_800_000]]));
    expect(toy.maxClockSkewMs).toBe(5_000);
  });

  it("merges an effect's row with the contract's defaults, and those with the language's", () => {
    expect(toy.effects.get("card.charge")).toMatchObject({
      timeoutMs: 60_000,
      batchMax: 7,
      concurrency: 4,
      outputEvents: ["CardCharged"],
      retry: {
        maxRetries: 2,
        initialDelayMs: 1_000,
        exponentialBase: 2,
        maxDelayMs: 30_000,
        jitter: 0,
        retryOn: new Set(["BANK_BUSY"]),
      },
      breaker: { failureThreshold: 5, resetTimeoutMs: 10_000 },
      askAgain: { firstMs: 200, maxMs: 2_000 },
    });
    const refund = toy.effects.get("card.refund");
    expect(refund).toMatchObject({ timeoutMs: 3_000, batchMax: 100, concurrency: 1, breaker: { failureThreshold: 2 } });
    expect(refund?.retry).toEqual({
      maxRetries: "unlimited",
      initialDelayMs: 45_000,
      exponentialBase: 2,
      maxDelayMs: 45_000,
      jitter: 0,
    });
    expect(refund?.askAgain).toEqual({ firstMs: 5_000, maxMs: 5_000 });
  });

  it("fills a target from the payload built, and says when it can't", () => {
    const charge = toy.intents.get("emit_charge");
    expect(toy.intents.get("emit_refund")?.hasOutcome).toBe(false);
    expect(charge?.target({ order_id: "o1", amount: 3 })).toBe("card://o1");
    expect(() => charge?.target({})).toThrow("card://{order_id}: the payload built has no order_id");
  });

  it("fills a backend from an intent's payload, and is called by its name without what is filled", () => {
    const text = "backend: bank/{order_id}/{amount}";
    const { effects } = compiled(rewritten((each) => each.replace("backend: bank", text)));
    const charge = effects.get("card.charge");
    expect(charge?.backend).toBe("bank");
    expect(charge?.backendKey?.({ order_id: "o1", amount: 3 })).toBe("bank/o1/3");
    expect(charge?.backendKey?.({ order_id: ["o1"] }), "what is no text or number, or not there, is empty").toBe(
      "bank//",
    );
    expect(charge?.backendKey?.({ order_id: "x".repeat(1_000), amount: 1 })).toHaveLength("bank//1".length + 253);
    expect(effects.get("card.refund")).not.toHaveProperty("backendKey");
  });

  it("knows what is a trigger and which publishes are waited for", () => {
    expect(toy.triggerByMessageType.get("failed(card.charge)")).toBe("refused");
    expect(toy.awaitsPublish).toEqual(new Set(["OrderPaid"]));
  });

  it("puts entry actions behind the transition's own", () => {
    const answers = toy.reducer.table.get("empty")?.get("placed")?.results;
    expect(answers).toEqual([{ to: "charging", entered: true, actions: ["note_amount", "emit_charge"] }]);
    expect(toy.reducer.table.get("charging")?.get("charged")?.results).toEqual([
      undefined,
      { to: "settled", entered: true, actions: [] },
    ]);
  });

  it("is the same when its fragments are written as ONEX writes them", () => {
    const onex = rewritten((text) =>
      text
        .replace(/node_type: (\w+)/, "node_type: $1_GENERIC")
        .replace(/\b(?=(?:Place|Cancel)Order\b|Order(?:Placed|Paid|Ended)\b|CardCharged|Customer|Payment)/g, "Model"),
    );
    expect(onex[0]?.text).toContain("[ModelCardCharged]");
    expect(onex[2]?.text).toContain("published(ModelOrderPaid)");
    expect(plain(compiled(onex))).toEqual(plain(toy));
  });

  it("has a hash of what its contracts say, not of how or where", () => {
    expect(toy.contractHash).toMatch(/^[0-9a-f]{64}$/);
    expect(compiled(sources.toReversed()).contractHash).toBe(toy.contractHash);
    const reordered = rewritten((text) => text.replace(/(domain: orders\n)/, "").concat("domain: orders # last\n"));
    expect(compiled(reordered).contractHash).toBe(toy.contractHash);
    expect(compiled(rewritten((text) => text.replace("after: 2d", "after: 3d"))).contractHash).not.toBe(
      toy.contractHash,
    );
  });
});

describe("a domain's folder", () => {
  it("is let pass with its set when nothing is wrong", () => {
    const { model, diagnostics } = validateDomain(toyFolder, toyCode);
    expect(diagnostics).toEqual([]);
    expect(model?.set.domain).toBe("orders");
  });

  it("has one orchestrator and at most one reducer, of one domain", () => {
    const [bank, ledger, orders] = sources as [LoadedContract, LoadedContract, LoadedContract];
    expect(buildContractSet("toy", [bank]).diagnostics.map(({ code, message }) => `${code} ${message}`)).toEqual([
      "RC109 a domain has one orchestrator: this folder has none",
    ]);
    expect(buildContractSet("toy", [ledger, orders, ledger]).diagnostics).toMatchObject([
      { code: "RC109", line: 3, column: 12, related: [{ message: "the first" }] },
    ]);
    const other = loadContract({ file: "b", text: bank.text.replace("domain: orders", "domain: order") }).source!;
    expect(buildContractSet("toy", [other, ledger, orders]).diagnostics).toMatchObject([
      { code: "RC109", line: 5, column: 9, suggestion: "orders" },
    ]);
  });
});
