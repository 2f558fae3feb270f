import { z } from "zod";
import { common, kind } from "./schema-common.ts";
import { CodeName, durationMs, EventName, FieldName, LongDuration, nonEmptyListOf, SnakeName } from "./schema-parts.ts";

/** A projection's tables are called by it and its version; with both a name is at most 63 bytes long in Postgres. */
const ProjectionName = SnakeName.max(48, "RC009 a projection's name has at most 48 characters").refine(
  (name) => !/_v[0-9]+$/.test(name),
  "RC009 a projection's name does not end as its tables' do: _v1",
);
const ColumnName = FieldName.max(63, "RC009 a column's name has at most 63 characters");
const VERSION_MAX = 99_999;

const AT_MOST_RULE = "RC008 at_most is 1 per DURATION, 1s to 1d: 1 per 1m";
const AtMost = z
  .string({ error: ({ input }) => (input === undefined ? undefined : AT_MOST_RULE) })
  .refine((text) => everyMsOf(text) !== undefined, AT_MOST_RULE);

const DAY_MS = 86_400_000;
/** The shortest time from a row of an entity's log to its next one, ms; undefined: the text says none. */
export function everyMsOf(text: string): number | undefined {
  const ms = durationMs(/^1 per (\S+)$/.exec(text)?.[1] ?? "");
  return ms !== undefined && ms >= 1_000 && ms <= DAY_MS ? ms : undefined;
}

const LIVE_RULE = "RC009 a live column is last_seen, deadline(name) or renewed(name)";
const LiveSource = z.string().regex(/^(?:last_seen|(?:deadline|renewed)\([a-z][a-z0-9_]*\))$/, LIVE_RULE);

const Log = z.strictObject({
  of: nonEmptyListOf(EventName).describe("Consumed events, of each of which an entity may leave a row."),
  row: CodeName.describe("The function in code, made with logRow: a message and its entity -> row or null."),
  at_most: AtMost.describe("An entity leaves at most one row in each such span of event time: 1 per 1m."),
  keep: LongDuration.describe("Rows go when they are older."),
});

const Projection = z.strictObject({
  name: ProjectionName.describe("Unique in the domain; the SQL view is called so."),
  version: z
    .int()
    .min(1)
    .max(VERSION_MAX)
    .describe("The same number as in code. Another one is another table, which is filled anew."),
  row: CodeName.optional().describe("The function in code, made with row: an entity -> its row, or null: it has none."),
  rows: CodeName.optional().describe("The function in code, made with rows: an entity -> all rows that it has."),
  log: Log.optional().describe("Rows that messages leave."),
  key: z
    .union([ColumnName, nonEmptyListOf(ColumnName)])
    .describe(
      "The column that has the entity's id, which the runtime fills. With `rows` then the columns of the shape that " +
        "tell its rows apart; with `log` then one that has the message's time, filled too.",
    ),
  index: z
    .record(ColumnName, z.enum(["btree", "gin"]))
    .optional()
    .describe("The columns that may be filtered and sorted by. gin: of a list of texts."),
  live: z
    .record(ColumnName, LiveSource)
    .optional()
    .describe("Columns that are read from the entity when rows are shown: last_seen, deadline(name), renewed(name)."),
});

export const ComputeContract = z.strictObject({
  ...common,
  node_type: kind("COMPUTE"),
  projections: nonEmptyListOf(Projection).describe("Tables whose rows are pure functions of entities."),
});
export type ComputeContract = z.infer<typeof ComputeContract>;
export type ProjectionEntry = ComputeContract["projections"][number];
