import { describe, expect, it } from "vitest";
import { configuredAs } from "../../app/host/configuration.ts";
import { compileStoredContracts } from "../../app/host/contracts-in-force.ts";
import { validateFiles } from "../../runtime/contract/checks/validate.ts";
import { checkModel } from "../../runtime/contract/exploration/check-model.ts";
import { buildGraph, renderGraph } from "../../runtime/contract/graph/graph.ts";
import type { ContractSet } from "../../runtime/contract/reading/contract-source.ts";
import { storedSourcesOf } from "../../runtime/contract/reading/contract-set.ts";
import {
  domainWhereSet,
  LISTED_CODE,
  listedFiles,
  type ListedEdit,
  listedModel,
  modelWhereSet,
  pagesWhereSet,
  validateListed,
} from "./listed-pages.ts";

const PAGE = { page_id: "p1", text: "one" };
const said = (...edits: readonly ListedEdit[]) =>
  validateListed(...edits).diagnostics.map(({ code, file, line, message, suggestion }) => ({
    ...{ at: `${code} ${file}:${line}`, message },
    ...(suggestion !== undefined && { suggestion }),
  }));

describe("effects under where_set", () => {
  it("are there where the variable is set: what they do is asked for, and waited for", () => {
    const pages = pagesWhereSet("LIST_URL");
    expect(pages.when("WritePage", PAGE).intents.map(({ type }) => type)).toEqual(["page.shelve", "page.list"]);
    expect(pages.succeed("page.shelve").state).toBe("SAVING");
    expect(pages.succeed("page.list").state).toBe("SAVED");
  });

  it("are not there where it is not: nothing is asked for, and nothing waited for", () => {
    const pages = pagesWhereSet();
    expect(pages.when("WritePage", PAGE).intents.map(({ type }) => type)).toEqual(["page.shelve"]);
    expect(pages.entity("p1")?.attempt.targets).toEqual(["shelf://p1"]);
    expect(pages.succeed("page.shelve").state).toBe("SAVED");
  });

  it("leave a backend out of comparisons that nothing writes to", () => {
    expect([...domainWhereSet("LIST_URL").reconciled.keys()]).toEqual(["list", "shelf"]);
    expect([...domainWhereSet().reconciled.keys()]).toEqual(["shelf"]);
  });

  it("make other contracts: their hash and their files say which", () => {
    const [all, some] = [domainWhereSet("LIST_URL"), domainWhereSet()];
    expect(some.contractHash).not.toBe(all.contractHash);
    expect(domainWhereSet("LIST_URL", "SHELF_URL").contractHash).toBe(all.contractHash);
    expect([all, some].map(({ effects }) => effects.has("page.list"))).toEqual([true, false]);
  });

  it("are known again by the hash of what was there", () => {
    const stored = Object.fromEntries(storedSourcesOf(modelWhereSet().set).map(({ file, text }) => [file, text]));
    expect(Object.keys(stored)).toContain("list.yaml");
    for (const variables of [["LIST_URL"], []]) {
      const { contractHash: hash, effects } = domainWhereSet(...variables);
      const apart = { computes: [], gateways: [], hash };
      const { domain } = compileStoredContracts(stored, LISTED_CODE, { env: "test", namespace: "" }, apart);
      expect([domain.contractHash, [...domain.effects.keys()]]).toEqual([hash, [...effects.keys()]]);
    }
  });

  it("are planned with as they were when the journal was written", () => {
    const planned = (ran?: ContractSet) => configuredAs(listedModel(), ran).effects.map(({ intent }) => intent.name);
    expect(planned(modelWhereSet().set)).not.toContain("page.list");
    expect(planned(modelWhereSet("LIST_URL").set)).toContain("page.list");
    expect(planned()).toContain("page.list");
  });

  it("are drawn where they are there", () => {
    const drawn = (...variables: readonly string[]) => {
      const model = modelWhereSet(...variables);
      const { nodes, machines } = buildGraph(model);
      const actions = machines.flatMap(({ transitions }) => transitions.flatMap((each) => each.actions));
      return [nodes.some(({ id }) => id === "intent:page.list"), actions.includes("emit_list")].concat(
        renderGraph(model, "xstate").includes("emit_list"),
      );
    };
    expect([drawn("LIST_URL"), drawn()]).toEqual([
      [true, true, true],
      [false, false, false],
    ]);
  });

  it("are explored with and without them", () => {
    const { diagnostics, states } = checkModel(listedModel());
    expect(diagnostics).toEqual([]);
    expect(states).toBeGreaterThan(checkModel(modelWhereSet("LIST_URL")).states - 1);
    const never = "orchestrator == SAVED and seen lacks PageListed";
    const invariants = "{ name: every_change_settles, eventually: [SAVED, UNSAVED, REMOVED] }";
    const listed = listedModel(["pages.yaml", invariants, `{ name: listed, never: "${never}" }`]);
    expect(checkModel(listed).diagnostics).toMatchObject([
      { code: "RC206", message: expect.stringMatching(/^where LIST_URL is not set: listed is violated/) as string },
    ]);
  });
});

describe("mistakes in where_set", () => {
  it("a variable that nobody reads, or that is always set", () => {
    expect(said(["list.yaml", "where_set: LIST_URL", "where_set: LIST_ULR"])).toEqual([
      {
        at: "RC101 list.yaml:5",
        message: "no variable LIST_ULR that may be left unset is in the configuration",
        suggestion: "LIST_URL",
      },
    ]);
  });

  it("what undoes it is there where other things are set", () => {
    const shelve = "intent_type: page.shelve";
    expect(said(["shelves.yaml", shelve, `${shelve}\n      compensated_by: page.list`])).toEqual([
      {
        at: "RC116 shelves.yaml:11",
        message: "page.shelve is there where LIST_URL is not set, and what undoes it, page.list, is not",
      },
    ]);
  });

  it("more variables than all choices of can be tried", () => {
    const files = listedFiles();
    const list = files.at(-1)?.text ?? "";
    const more = ["SHELF_URL", "LAMP_URL", "DESK_URL"].map((name, nth) => ({
      file: `more-${nth}.yaml`,
      text: list.replace("LIST_URL", name).replace("page_list", `more_${nth}`),
    }));
    const { diagnostics } = validateFiles("pages", [...files, ...more], LISTED_CODE);
    expect(diagnostics.filter(({ code }) => code === "RC116")).toMatchObject([
      { file: "more-2.yaml", line: 5, message: expect.stringContaining("at most 3 variables in a domain") as string },
    ]);
  });

  it("another kind of contract has it", () => {
    expect(said(["text.yaml", "domain: pages", "domain: pages\nwhere_set: LIST_URL"])).toMatchObject([
      { at: expect.stringMatching(/^RC005 text.yaml:/) as string },
    ]);
  });
});
