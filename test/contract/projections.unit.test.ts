import { describe, expect, it } from "vitest";
import { z } from "zod";
import { compileDomain } from "../../runtime/contract/compile/compile-domain.ts";
import { columnsOf } from "../../runtime/contract/model/row-columns.ts";
import { contentHash } from "../../runtime/contract/reading/contract-set.ts";
import { row, type RowFunction } from "../../runtime/core/projection.ts";
import { orderPart, orderRow, validateViews, type ViewEdit, viewedCode, viewsOf } from "./viewed-orders.ts";

const inShort = (edits: readonly ViewEdit[], own: Readonly<Record<string, RowFunction>> = {}): readonly string[] =>
  validateViews(edits, viewedCode(own)).diagnostics.map(({ code, line, message }) => `${code} ${line} ${message}`);
/** The row's shape with this column in it. */
const withColumn = (column: z.ZodRawShape): Readonly<Record<string, RowFunction>> => ({
  order_row: { ...orderRow, shape: orderRow.shape.extend(column) },
});

describe("the columns of a projection", () => {
  it("follow from the shape", () => {
    const shape = z.object({
      ...{ text: z.string().min(1), choice: z.enum(["a", "b"]), exact: z.literal("a"), id: z.uuid() },
      ...{ count: z.int(), share: z.number(), flag: z.boolean(), at: z.iso.datetime(), texts: z.array(z.string()) },
      ...{
        pairs: z.array(z.int()),
        part: z.object({ a: z.int() }),
        by: z.record(z.string(), z.int()),
        any: z.unknown(),
      },
      none: z.string().nullable(),
    });
    expect(columnsOf(shape).map((column) => Object.values(column).join(" "))).toEqual([
      ...["text text false", "choice text false", "exact text false", "id text false", "count bigint false"],
      ...["share float8 false", "flag boolean false", "at timestamptz false", "texts text[] false"],
      ...["pairs jsonb false", "part jsonb false", "by jsonb false", "any jsonb false", "none text true"],
    ]);
  });

  it("are not what changes a value on its way, or may be missing", () => {
    const shape = z.object({
      ...{ a: z.string().optional(), b: z.string().default(""), c: z.date(), d: z.string().transform(Number) },
      ...{ e: z.union([z.string(), z.int()]), f: z.coerce.string(), g: z.bigint(), h: z.literal([1, "a"]) },
    });
    for (const column of columnsOf(shape)) expect(column).toHaveProperty("problem");
    expect(columnsOf(shape)[0]).toMatchObject({ problem: expect.stringContaining("nullable()") });
    expect(columnsOf(shape)[2]).toMatchObject({ problem: expect.stringContaining("z.iso.datetime()") });
  });

  it("begin with those that the runtime fills", () => {
    const [list, parts, visits] = viewsOf().projections;
    expect(list?.columns[0]).toEqual({ name: "order_id", type: "text", nullable: false, index: undefined });
    expect(parts?.key).toEqual(["order_id", "part"]);
    expect(visits?.columns.slice(0, 2)).toMatchObject([{ name: "order_id" }, { name: "at", type: "timestamptz" }]);
    expect(visits?.log).toEqual({ types: new Set(["CustomerSeen"]), everyMs: 60_000, keepMs: 604_800_000 });
    expect(list?.live).toEqual([
      { name: "seen_at", deadline: undefined, isRenewal: false },
      { name: "pickup_at", deadline: "pickup", isRenewal: false },
    ]);
  });
});

describe("contracts of projections", () => {
  it("are right as they are, and no part of the hash that fences", () => {
    const { model } = validateViews();
    if (!model) throw new Error("they have errors");
    const bare = { ...model.set, computes: [] };
    expect(contentHash(model.set)).toBe(contentHash(bare));
    expect(compileDomain(model, { env: "test", namespace: "" }).projections).toHaveLength(3);
  });

  it.each<[string, readonly ViewEdit[], readonly string[]]>([
    ["none of the three", [["    row: order_row\n", ""]], ["RC006 7 a row, rows or log is missing"]],
    [
      "two of the three",
      [["row: order_row", "row: order_row\n    rows: order_row"]],
      ["RC010 10 a projection has one of row, rows and log"],
    ],
    [
      "a row with a longer key",
      [["key: order_id", "key: [order_id, amount]"]],
      ["RC010 10 this projection has one row an entity: its key is the entity's id alone"],
    ],
    [
      "rows with the id alone",
      [["key: [order_id, part]", "key: [order_id]"]],
      ["RC010 16 this projection has several rows an entity: its key has another column too"],
    ],
    [
      "a log without a time",
      [["key: [order_id, at]", "key: order_id"]],
      ["RC010 21 this projection is a log: its key is the entity's id, then the time"],
    ],
    [
      "another version",
      [["version: 1\n    row:", "version: 2\n    row:"]],
      ["RC131 8 order_list is version 2, and order_row in code is version 1"],
    ],
    ["a name that is not in code", [["order_row", "order_rwo"]], ["RC101 9 no row function order_rwo in code"]],
    [
      "a function of another kind",
      [["row: order_row", "row: order_part"]],
      [
        "RC101 6 row function order_row is in code, but no contract names it",
        "RC131 9 order_part is made with rows(), and stands under row, which takes row()",
      ],
    ],
    [
      "an index of no column",
      [["amount: btree", "amuont: btree"]],
      ["RC131 11 order_row's shape has no column amuont"],
    ],
    [
      "a btree of lists",
      [["marks: gin", "marks: btree"]],
      ["RC131 11 btree takes no text[]: gin is for lists of texts, btree for single values"],
    ],
    [
      "a gin of texts",
      [["status: btree", "status: gin"]],
      ["RC131 11 gin takes no text: gin is for lists of texts, btree for single values"],
    ],
    [
      "an index of the id",
      [["index: { size", "index: { order_id: btree, size"]],
      ["RC131 17 order_id is the key's: it has its index"],
    ],
    [
      "a key of no column",
      [["[order_id, part]", "[order_id, prat]"]],
      ["RC131 16 order_part's shape has no column prat"],
    ],
    ["a key twice", [["[order_id, part]", "[order_id, part, part]"]], ["RC131 16 the key has part twice"]],
    [
      "a live column of the rows",
      [["seen_at: last", "note: last"]],
      ["RC131 12 note is a column of the rows already: call the live one otherwise"],
    ],
    [
      "a live column of nothing",
      [["last_seen", "updated_at"]],
      ['RC009 12 "updated_at": a live column is last_seen, deadline(name) or renewed(name)'],
    ],
    [
      "a deadline that is not there",
      [["deadline(pickup)", "deadline(picup)"]],
      ["RC110 12 no deadline picup in the orchestrator's states"],
    ],
    [
      "a log of what is published",
      [["of: [CustomerSeen]", "of: [OrderPaid]"]],
      ["RC102 20 OrderPaid is not consumed: a log is of messages from the bus"],
    ],
    [
      "a rate that is none",
      [["1 per 1m", "2 per 1m"]],
      ['RC008 20 "2 per 1m": at_most is 1 per DURATION, 1s to 1d: 1 per 1m'],
    ],
    [
      "a name of a table",
      [["name: order_list", "name: order_v2"]],
      ["RC009 7 \"order_v2\": a projection's name does not end as its tables' do: _v1"],
    ],
    [
      "one name twice",
      [["name: order_parts", "name: order_list"]],
      ["RC109 13 projection order_list is declared twice"],
    ],
  ])("refuse %s", (_what, edits, problems) => expect(inShort(edits)).toEqual(problems));

  it("refuse columns that are none, or that the runtime fills", () => {
    expect(inShort([], withColumn({ when: z.date() }))).toEqual([
      "RC131 9 column when: a time is a text here, as in messages: z.iso.datetime() in the place of z.date()",
    ]);
    expect(inShort([], withColumn({ order_id: z.string() }))).toEqual([
      "RC131 10 the runtime fills order_id: order_row's shape leaves it out",
    ]);
    expect(inShort([], withColumn({ rollcall_slot: z.int() }))).toEqual([
      "RC131 9 column rollcall_slot: names beginning with rollcall_ are the runtime's",
    ]);
    const part = { ...orderPart, shape: z.object({ part: z.int().nullable(), size: z.int() }) };
    expect(inShort([], { order_part: part })).toEqual([
      "RC131 16 part can't tell rows apart: a key is of texts and integers, never null",
    ]);
  });

  it("refuse code that none of them names", () => {
    const more = row({ version: 1, shape: z.object({}), of: () => ({}) });
    expect(inShort([], { other_row: more })).toEqual([
      "RC101 6 row function other_row is in code, but no contract names it",
    ]);
  });
});
