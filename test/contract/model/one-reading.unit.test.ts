import { describe, expect, it } from "vitest";
import { messagePartiesOf } from "../../../app/http/docs/messages-page.ts";
import { checkDomain } from "../../../runtime/contract/checks/validate.ts";
import { compileDomain } from "../../../runtime/contract/compile/compile-domain.ts";
import { buildGraph } from "../../../runtime/contract/graph/graph.ts";
import { possibleTransitions } from "../../../runtime/contract/graph/possible-transitions.ts";
import { buildDomainModel, type DomainModel } from "../../../runtime/contract/model/domain-model.ts";
import { buildContractSet } from "../../../runtime/contract/reading/contract-set.ts";
import { loadContract, loadContractFolder } from "../../../runtime/contract/reading/load.ts";
import { NO_ENTITY } from "../../../runtime/core/domain.ts";
import { filesIn, importsOf } from "../../tidy/sources.ts";
import { toyCode, toyFolder } from "../toy-domain.ts";

const { contracts } = loadContractFolder(toyFolder);

/** The toy's contracts after edits that the checks may refuse: as stored ones of an earlier version may be. */
function toyModel(...edits: readonly (readonly [replace: string, by: string])[]): DomainModel {
  const sources = contracts.map(({ file, text }) => {
    const edited = edits.reduce((before, [replace, by]) => before.replace(replace, () => by), text);
    return loadContract({ file, text: edited }).source!;
  });
  for (const [replace] of edits)
    expect(
      contracts.some(({ text }) => text.includes(replace)),
      replace,
    ).toBe(true);
  return buildDomainModel(buildContractSet("toy", sources).set!, toyCode);
}

const compiled = (model: DomainModel) => compileDomain(model, { env: "dev", namespace: "" });
const codesOf = (model: DomainModel) => [...new Set(checkDomain(model).map(({ code }) => code))];
const waysFrom = (model: DomainModel, state: string | null) =>
  possibleTransitions(model, state).map(({ on, leads_to }) => `${on} -> ${leads_to}`);

describe("checks, compiler, graph and explanation read the same", () => {
  it("of the state before there is an entity: it may last, and a graph does not draw it as an end", () => {
    const model = toyModel();
    expect(model.orchestrator.states.get(NO_ENTITY)?.terminal).toBe(true);
    expect(compiled(model).orchestrator.states.get(NO_ENTITY)?.terminal).toBe(true);
    expect(buildGraph(model).machines[0]?.states[0]).toMatchObject({ name: NO_ENTITY, terminal: false });
  });

  it("of a row whose first event no transition accepts: it is a mistake, and leads nowhere", () => {
    expect(waysFrom(toyModel(), "TOLD")).toContain("CancelOrder -> ENDED");
    const model = toyModel([
      "handler: { name: HandlerCancelOrder }\n      output_events: [OrderEnded]",
      "handler: { name: HandlerCancelOrder }\n      output_events: [OrderPaid, OrderEnded]",
    ]);
    expect(codesOf(model)).toContain("RC105");
    expect(waysFrom(model, "TOLD")).not.toContain("CancelOrder -> ENDED");
  });

  it("of an outcome that is a trigger of the orchestrator: it moves the entity", () => {
    const model = toyModel([
      "- { from_state: UNPAID, trigger: OrderPaid, to_state: PAID }",
      "- { from_state: UNPAID, trigger: OrderPaid, to_state: PAID }\n" +
        "    - { from_state: UNPAID, trigger: CardCharged, to_state: PAID }",
    ]);
    expect(codesOf(model)).toEqual([]);
    expect(compiled(model).orchestrator.table.get("UNPAID")?.get("CardCharged")?.results[0]?.to).toBe("PAID");
    expect(waysFrom(model, "UNPAID")).toContain("CardCharged -> PAID");
  });

  it("of an event that only a row lists: its handler may return it", () => {
    const model = toyModel([
      "- { current_state: [UNPAID, PAID, TOLD], action: cancel }",
      "- { current_state: [UNPAID, PAID, TOLD], action: cancel, output_events: [OrderPaid] }",
    ]);
    expect(codesOf(model)).toContain("RC103");
    expect(buildGraph(model).edges).toContainEqual({ from: "handler:HandlerCancelOrder", to: "event:OrderPaid" });
    const message = model.messages.get("OrderPaid")!;
    const { publishedBy } = messagePartiesOf({ direction: "sent", type: "OrderPaid", topic: "t", message }, model);
    expect(publishedBy).toContain("HandlerCancelOrder on CancelOrder");
  });

  it("of what is declared twice: the first counts", () => {
    const model = toyModel(
      ["- { state_name: PAID }", "- { state_name: PAID }\n    - { state_name: PAID, is_terminal: true }"],
      [
        "    - event_model: { name: CancelOrder }",
        "    - event_model: { name: PlaceOrder }\n      handler: { name: HandlerCancelOrder }\n      action: cancel\n" +
          "    - event_model: { name: CancelOrder }",
      ],
    );
    expect(codesOf(model)).toContain("RC109");
    const domain = compiled(model);
    expect(model.orchestrator.states.get("PAID")?.terminal).toBe(false);
    expect(domain.orchestrator.states.get("PAID")?.terminal).toBe(false);
    expect(domain.routes.get("PlaceOrder")?.handler).toBe("HandlerPlaceOrder");
  });

  it("of a misspelt name: the checks go on with the one within reach, and nothing that is misspelt runs", () => {
    const handler = toyModel(["name: HandlerCancelOrder", "name: HandlerCancelOrdr"]);
    expect(handler.handlers[1]?.handler).toMatchObject({ name: "HandlerCancelOrder", written: "HandlerCancelOrdr" });
    expect(codesOf(handler)).toEqual(["RC101"]);
    expect(() => compiled(handler)).toThrow("no handler is called HandlerCancelOrdr: compile only what was checked");
    const state = toyModel(["from_state: PAID,", "from_state: PIAD,"]);
    expect(codesOf(state)).toEqual(["RC101"]);
    expect(() => compiled(state)).toThrow("no state is called PIAD");
  });
});

describe("the room that reads contracts", () => {
  const files = filesIn("runtime/contract");
  const folderOf = (path: string): string => path.split("/")[2] ?? "";

  it("looks into a contract's own keys where it is read, and nowhere else", () => {
    const readers = files.filter(({ text }) => /\bcontract[.:] ?[a-z_{]/.test(text)).map(({ path }) => folderOf(path));
    expect([...new Set(readers)].filter((folder) => !["reading", "model"].includes(folder))).toEqual([]);
  });

  it("has no circle of imports among its folders", () => {
    const imports = files.flatMap((file) =>
      importsOf(file)
        .filter((path) => path.startsWith("runtime/contract/"))
        .map((path) => [folderOf(file.path), folderOf(path)] as const),
    );
    const reachedFrom = (folder: string) => {
      const reached = new Set(imports.flatMap(([from, to]) => (from === folder && to !== folder ? [to] : [])));
      for (const each of reached) for (const [from, to] of imports) if (from === each && to !== from) reached.add(to);
      return reached;
    };
    expect([...new Set(files.map(({ path }) => folderOf(path)))].filter((each) => reachedFrom(each).has(each))).toEqual(
      [],
    );
  });
});
