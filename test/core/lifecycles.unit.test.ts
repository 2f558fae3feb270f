import { describe, expect, it } from "vitest";
import type { Decision } from "../../app/testing/decision.ts";
import type { TestDomain } from "../../app/testing/memory-domain.ts";
import type { Domain } from "../../runtime/core/domain.ts";
import type { Entity } from "../../runtime/core/entity.ts";
import { driftMessage, outcomeMessage } from "../../runtime/core/runtime-messages.ts";
import { step } from "../../runtime/core/step.ts";
import { compiledDomain, domainInMemory, type FolderEdit } from "../contract/edited-folder.ts";
import { PageShelve } from "../contract/pages-domain.ts";

const ANNA = "00000000-0000-4000-8000-00000000000a";
const BEN = "00000000-0000-4000-8000-00000000000b";
const written = (text: string, correlationId = ANNA) => ({
  type: "WritePage",
  payload: { page_id: "home", text },
  correlationId,
});
const removed = { type: "RemovePage", payload: { page_id: "home" }, correlationId: BEN };

const said = ({ events, state }: Decision) => [
  ...events.map(({ type, correlationId }) => [type, correlationId]),
  state,
];
/** The oldest of its type. */
const firstOf = ({ intents }: TestDomain, type: string) => intents.find((each) => each.type === type)!;
const awaited = (pages: TestDomain) => pages.entity("home")?.attempt.targets;

describe("a document", () => {
  it("lives in one attempt, whose events have the correlation id of what caused each", () => {
    const pages = domainInMemory("document");
    expect(said(pages.when(written("one")))).toEqual([["PageChanged", ANNA], "SAVING"]);
    pages.succeed("page.list");
    expect(said(pages.succeed("page.shelve"))).toEqual([["PageSaved", ANNA], "SAVED"]);
    expect(said(pages.when(written("two", BEN)))).toEqual([["PageChanged", BEN], "SAVING"]);
    pages.succeed("page.shelve");
    expect(said(pages.succeed("page.list"))).toEqual([["PageSaved", BEN], "SAVED"]);
    expect(new Set(pages.events.map(({ attemptId }) => attemptId)).size).toBe(1);
    expect(pages.events.map(({ payload }) => payload["attempt"])).toEqual([1, 1, 1, 1]);
    expect(pages.entity("home")?.attempt).toMatchObject({ number: 1, correlationIds: [], awaiting: [], targets: [] });
  });

  it("takes no outcome of an intent that gave way to a younger one of its target", () => {
    const pages = domainInMemory("document").given(written("one"), written("two", BEN));
    for (const type of ["page.shelve", "page.list"])
      expect(pages.succeed(firstOf(pages, type))).toMatchObject({
        ...{ result: "no_op", state: "SAVING", events: [] },
        reason: expect.stringContaining("superseded by a newer intent of its target"),
      });
    pages.succeed("page.shelve");
    expect(said(pages.succeed("page.list"))).toEqual([["PageSaved", BEN], "SAVED"]);
  });

  it("takes the outcome of an intent whose target nothing was asked of since", () => {
    const pages = domainInMemory("document").given(written("one"));
    pages.succeed("page.list");
    pages.given(written("two", BEN));
    pages.succeed(firstOf(pages, "page.shelve"));
    pages.succeed("page.list");
    expect(said(pages.succeed("page.shelve"))).toEqual([["PageSaved", BEN], "SAVED"]);
  });

  it("takes no failure of an older intent, and waits no more for one that has failed", () => {
    const pages = domainInMemory("document").given(written("one"), written("two", BEN));
    expect(pages.fail(firstOf(pages, "page.shelve"))).toMatchObject({ result: "no_op", state: "SAVING" });
    expect(said(pages.fail("page.shelve", "SHELF_FULL"))).toEqual([["PageNotSaved", BEN], "UNSAVED"]);
    expect(awaited(pages)).toEqual(["list://home"]);
  });

  it("is superseded by an intent without an outcome too", () => {
    const pages = domainInMemory("document").given(written("one"), removed);
    expect(pages.succeed("page.shelve")).toMatchObject({
      result: "no_op",
      reason: expect.stringContaining("superseded"),
    });
    expect(awaited(pages)).toEqual(["list://home"]);
  });

  it("waits no more for an intent whose outcome nothing took", () => {
    const pages = domainInMemory("document").given(written("one"), removed);
    expect(pages.succeed("page.list")).toMatchObject({ result: "no_op", state: "REMOVED" });
    expect(awaited(pages)).toEqual([]);
  });

  it("goes on from a terminal state", () => {
    const pages = domainInMemory("document").given(written("one"), removed);
    expect(said(pages.when(written("again")))).toEqual([["PageChanged", ANNA], "SAVING"]);
    expect(pages.entity("home")?.attempt.number).toBe(1);
  });

  it("begins something of its own when a deadline fires", () => {
    const pages = domainInMemory("document", REVIEWED).given(written("one"));
    pages.succeed("page.shelve");
    pages.succeed("page.list");
    const [fired] = pages.advance("1d");
    expect(fired).toMatchObject({ message: "deadline(review)", state: "REMOVED" });
    const correlationId = fired!.events[0]!.correlationId;
    expect(correlationId).toMatch(/^[0-9a-f-]{36}$/);
    expect([ANNA, BEN]).not.toContain(correlationId);
  });

  it("takes the outcome of a repair until something else is asked of its target", () => {
    const plain = compiledDomain("document");
    const { domain, entity } = compared(plain);
    const drift = driftMessage("pages", "shelf", { entityId: "home", entity, entries: [], mayDelete: true }, 9);
    const repaired = step(domain, entity, drift);
    const [repair] = repaired.intents;
    expect(repaired.entity?.attempt).toMatchObject({ awaiting: [repair!.id], targets: ["shelf://home"] });
    const outcome = outcomeMessage(repair!, { type: "PageShelved", payload: {} }, 10);
    expect(step(domain, repaired.entity, outcome).entity?.attempt.awaiting).toEqual([]);
    const again = step(domain, repaired.entity, message("two", 9)).entity;
    expect(step(domain, again, outcome)).toMatchObject({
      result: "no_op",
      reason: expect.stringContaining("superseded"),
    });
  });
});

const REVIEWED: readonly FolderEdit[] = [
  ["{ state_name: SAVED, rests: true }", "{ state_name: SAVED, rests: true, deadline: { name: review, after: 1d } }"],
  [
    "    - { event_model: { name: ShelvesAgree }",
    "    - { event_model: { name: deadline(review) }, output_events: [PageRemoved] }\n" +
      "    - { event_model: { name: ShelvesAgree }",
  ],
];

const message = (text: string, now: number) => ({
  ...({ kind: "bus", type: "WritePage", id: ANNA, entityId: "home", correlationId: ANNA, now } as const),
  payload: { page_id: "home", text },
});

/** A domain whose shelf is compared, and finds it empty; with a page that awaits nothing. */
function compared(plain: Domain): { readonly domain: Domain; readonly entity: Entity } {
  const repairs = () =>
    [{ kind: "missing", description: "", intent: PageShelve.of({ page_id: "home", text: "" }) }] as const;
  const shelf = { backend: "shelf", inventory: { list: async () => [] }, repairs };
  const { entity } = step(plain, undefined, message("one", 1));
  const attempt = { ...entity!.attempt, awaiting: [], targets: [] };
  return { domain: { ...plain, reconciled: new Map([["shelf", shelf]]) }, entity: { ...entity!, attempt } };
}

const run = (type: string) => ({ type, payload: { run_id: "r1" } });

describe("what runs once", () => {
  it("declines each message from outside after its end, and nothing changes", () => {
    const runs = domainInMemory("once").given(run("StartRun"));
    runs.succeed("desk.reserve");
    expect(runs.when(run("AnswerRun"))).toMatchObject({ result: "changed", state: "DONE" });
    const ended = runs.entity("r1");
    for (const type of ["StartRun", "AnswerRun", "CancelRun"]) {
      const decision = runs.when(run(type));
      expect(decision).toMatchObject({
        result: "declined",
        reason: `${type}: ended in DONE`,
        state: "DONE",
        events: [],
      });
      expect(decision.declined).toEqual({ code: "ENDED", kind: "conflict", caller: "" });
      expect(decision.deadLetter).toBeUndefined();
    }
    expect(runs.entity("r1")).toBe(ended);
  });

  it("declines nothing before its end", () => {
    const runs = domainInMemory("once");
    expect(runs.when(run("CancelRun"))).toMatchObject({ result: "no_op", reason: "nothing runs" });
    runs.given(run("StartRun"));
    expect(runs.when(run("StartRun"))).toMatchObject({ result: "no_op", reason: "it runs" });
  });

  it("declines nothing that the runtime says", () => {
    const runs = domainInMemory("once").given(run("StartRun"), run("CancelRun"));
    expect(runs.succeed("desk.reserve")).toMatchObject({ result: "no_op", state: "FAILED" });
  });

  it("can't be given, when it is declined", () => {
    const runs = domainInMemory("once").given(run("StartRun"), run("CancelRun"));
    expect(() => runs.given(run("StartRun"))).toThrow("given StartRun: declined: StartRun: ended in FAILED");
  });
});

it("an entity with attempts opens the next one after its end", () => {
  const orders = domainInMemory("attempts");
  const placed = { type: "PlaceOrder", payload: { order_id: "o1", amount: 3 } };
  orders.given(placed, { type: "CancelOrder", payload: { order_id: "o1" } });
  expect(orders.when(placed)).toMatchObject({ result: "changed", state: "UNPAID" });
  expect(orders.entity("o1")?.attempt.number).toBe(2);
});
