import { describe, expect, it } from "vitest";
import { compileGateways } from "../../runtime/contract/compile/compile-gateways.ts";
import { compileProjections } from "../../runtime/contract/compile/compile-projections.ts";
import { encodeCursor, frameOf, readListRequest, type SentQuery } from "../../runtime/gateway/list-request.ts";
import { LIST_CALLS, LISTED_CODE, VIEWS_FILE } from "./listed-parcels.ts";
import { type Edit, editedParcels, inShort } from "./parcels-contracts.ts";

const LAST = "    follows: { select: { parcel_id: entity_id } }";
const edited = (edits: readonly Edit[] = [], views: Readonly<Record<string, string>> = VIEWS_FILE) =>
  editedParcels([[LAST, LAST + LIST_CALLS], ...edits], LISTED_CODE, views);

/** Each has one mistake: what is said about it, and where. */
const MISTAKES: readonly (readonly [what: string, edit: Edit, says: string])[] = [
  [
    "an unknown projection",
    ["projection: parcel_list\n", "projection: parcel_lst\n"],
    "RC101 39:17 parcels has no projection parcel_lst",
  ],
  [
    "an unknown row view",
    ["view: listed_parcel", "view: listed_parcl"],
    "RC101 40:11 no row view listed_parcl in code",
  ],
  ["an unknown shape", ["shape: parcel_page", "shape: parcel_pag"], "RC101 52:12 no shape parcel_pag in code"],
  [
    "a filter by an unknown column",
    ["      status: status\n", "      status: staus\n"],
    "RC101 42:15 the projection parcel_list has no column staus",
  ],
  [
    "a filter by a column without an index",
    ["      status: status\n", "      status: note\n"],
    "RC403 42:15 note of parcel_list has no index",
  ],
  [
    "a filter by a live column",
    ["      status: status\n", "      status: seen_at\n"],
    "RC403 42:15 seen_at is a live column: these are only shown",
  ],
  [
    "a test that the index does not serve",
    ["mark: { column: marks, test: all }", "mark: { column: marks, test: prefix }"],
    "RC403 45:36 marks takes no prefix, but all, any",
  ],
  [
    "a value that no row has",
    ["where: { status: [STORED, RETURNED] }", "where: { fragile: [true, 3] }"],
    "RC403 49:23 fragile is never 3",
  ],
  [
    "a condition on a column without an index",
    ["where: { status:", "where: { note:"],
    "RC403 49:20 note of parcel_list has no index",
  ],
  [
    "a sort by a column without an index",
    ["by: [size, stored_at,", "by: [size, note,"],
    "RC403 50:24 note of parcel_list has no index",
  ],
  ["a sort by a list", ["by: [size, stored_at,", "by: [size, marks,"], "RC403 50:24 marks of parcel_list has no index"],
  [
    "a default that is not offered",
    ["names: { by: sortBy } }", "default: status }"],
    "RC010 50:56 status is not under by",
  ],
  [
    "a parameter twice",
    ["names: { page: after }", "names: { page: mark }"],
    "RC109 51:11 the query parameter mark is declared twice",
  ],
  ["a page that is too large", ["max: 100", "max: 100, default: 101"], "RC010 51:71 a page has at most 100 rows"],
  [
    "pages with numbers and without a size",
    ["style: page, default: 2", "style: page"],
    "RC006 56:67 pages that have numbers have a size: default: 50",
  ],
  ["rows that nothing shows again", [", unless: hidden }", " }"], "RC006 56:7 the key unless is missing"],
  [
    "nothing to hide",
    ["status: COLLECTED, marks: [lost], unless", "unless"],
    "RC006 56:13 a map: which rows? name a column: { status: archived, unless: all }",
  ],
  [
    "rows hidden by a column without an index",
    ["hide: { status: COLLECTED", "hide: { note: odd"],
    "RC403 56:21 note of parcel_list has no index",
  ],
  [
    "a parameter that shows hidden rows, twice",
    ["unless: hidden", "unless: page"],
    "RC109 56:71 the query parameter page is declared twice",
  ],
  [
    "a total that nothing shows",
    ["shape: parcel_page", "total: true"],
    "RC010 52:5 without a shape nothing shows the total",
  ],
  [
    "a key of another deed",
    ["shape: parcel_page", "shape: parcel_page\n    etag: true"],
    "RC010 53:5 etag does not go with projection",
  ],
];

describe("the checks of lists", () => {
  it("have nothing to say about what is right", () => expect(inShort(edited())).toEqual([]));

  it.each(MISTAKES)("report %s", (_, edit, says) =>
    expect(inShort(edited([edit])).filter((said) => !/in code, but no contract names it/.test(said))).toEqual([says]),
  );
});

function requestOf(query: SentQuery, operation = "searchParcels") {
  const { model } = edited();
  if (!model) throw new Error("no model");
  const calls = compileGateways(model).flatMap((gateway) => gateway.calls);
  const does = calls.find((call) => call.operation === operation)?.does;
  const [spec] = compileProjections(model);
  if (does?.kind !== "projection" || !spec) throw new Error("no list");
  return readListRequest(does, spec, query);
}
const FIXED = { column: "status", test: "any", value: ["STORED", "RETURNED"] };

describe("what is asked of a list", () => {
  it("is narrowed by what is always so, and by each parameter", () =>
    expect(
      requestOf({ status: "STORED", of: "A", from: "3", mark: ["a", "b"], begins: "p-", fragile: "false" }).rows.where,
    ).toEqual([
      FIXED,
      { column: "status", test: "equals", value: "STORED" },
      { column: "status", test: "any", value: ["A"] },
      { column: "size", test: "from", value: 3 },
      { column: "marks", test: "all", value: ["a", "b"] },
      { column: "parcel_id", test: "prefix", value: "p-" },
      { column: "fragile", test: "equals", value: false },
    ]));

  it.each([
    [{ from: "three" }, "from", "it is a whole number"],
    [{ from: "99999999999999999" }, "from", "it is a whole number"],
    [{ fragile: "yes" }, "fragile", "it is true or false"],
    [{ since: "yesterday" }, "since", "it is a time in RFC 3339: 2026-01-31T12:00:00Z"],
    [{ since: "2026-02-30T12:00:00Z" }, "since", "it is a time in RFC 3339: 2026-01-31T12:00:00Z"],
    [{ status: "a\0" }, "status", "it is a text"],
    [{ status: ["STORED", "RETURNED"] }, "status", "it may be there once"],
    [{ sortBy: "status" }, "sortBy", "it is one of size, stored_at, parcel_id"],
    [{ order: "up" }, "order", "it is asc or desc"],
    [{ limit: "0" }, "limit", "it is an integer, 1 to 100"],
    [{ limit: "101" }, "limit", "it is an integer, 1 to 100"],
    [{ limit: "1e1" }, "limit", "it is an integer, 1 to 100"],
    [{ after: "odd" }, "after", "it is none of this list: leave it out to begin at its first row"],
  ])("says what is wrong with %j", (query, parameter, detail) =>
    expect(requestOf(query).wrong).toEqual([{ parameter, detail }]),
  );

  it("is sorted as asked, else as the contract says", () => {
    expect(requestOf({}).rows.sort).toEqual([]);
    expect(requestOf({ sortBy: "stored_at", order: "desc" }).rows.sort).toEqual([
      { column: "stored_at", descending: true },
    ]);
    expect(requestOf({ order: "desc" }, "listAll").rows.sort).toEqual([{ column: "size", descending: true }]);
  });

  it("goes on behind a cursor of the same order, and of no other", () => {
    const sort = [{ column: "size", descending: false }];
    const after = encodeCursor(sort, [4, "p-4"]);
    expect(requestOf({ sortBy: "size", after }).rows.after).toEqual([4, "p-4"]);
    expect(requestOf({ sortBy: "size", order: "desc", after }).wrong).toHaveLength(1);
  });

  it("leaves to the shape what is not the list's own", () =>
    expect(requestOf({ status: "STORED", bare: "true", limit: "2" }).rest).toEqual({ bare: "true" }));

  it("leaves hidden rows out, unless they are asked for", () => {
    const hidden = [
      { column: "status", test: "none", value: ["COLLECTED"] },
      { column: "marks", test: "none", value: ["lost"] },
    ];
    for (const query of [{}, { hidden: "false" }]) expect(requestOf(query, "listPages").rows.where).toEqual(hidden);
    expect(requestOf({ hidden: "true" }, "listPages").rows.where).toEqual([]);
    expect(requestOf({ hidden: "" }, "listPages").wrong).toEqual([
      { parameter: "hidden", detail: "it is true or false" },
    ]);
  });

  it("counts pages from 1 on where the contract says so", () => {
    expect(requestOf({ page: "3" }, "listPages").rows).toMatchObject({ limit: 2, offset: 4 });
    expect(requestOf({ page: "3", limit: "10" }, "listPages").rows).toMatchObject({ limit: 10, offset: 20 });
    expect(requestOf({ page: "0" }, "listPages").wrong).toEqual([
      { parameter: "page", detail: "it is an integer, 1 to 1000000" },
    ]);
  });

  it("counts rows and pages by numbers where the contract says offset", () => {
    expect(requestOf({ limit: "1000", offset: "7" }, "listAll").rows).toMatchObject({ limit: 1000, offset: 7 });
    expect(requestOf({ limit: "1001", offset: "-1" }, "listAll").wrong.map(({ parameter }) => parameter)).toEqual([
      "limit",
      "offset",
    ]);
    expect(requestOf({}, "listAll").rows.limit).toBeUndefined();
  });
});

describe("a body around rows", () => {
  it("is split where they come", () => {
    expect(frameOf((rows) => ({ total: 2, rows, more: [] }), "T")).toEqual({
      before: '{"total":2,"rows":',
      after: ',"more":[]}',
    });
    expect(frameOf((rows) => rows, "T")).toEqual({ before: "", after: "" });
  });

  it("may show none, and not twice", () => {
    expect(frameOf(() => ({ total: 2 }), "T")).toEqual({ before: '{"total":2}', after: undefined });
    expect(() => frameOf((rows) => [rows, rows], "T")).toThrow("once");
  });
});
