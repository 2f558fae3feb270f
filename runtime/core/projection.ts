import type { z } from "zod";
import type { Json, Payload } from "./message.ts";

/**
 * The entity as functions of projections see it. What moves with every message (deadlines, what is waited for) is left
 * out, so that a message which changes nothing else computes and writes nothing.
 */
export interface RowEntity<Data = unknown> {
  readonly id: string;
  /** An entity that is in no state has no rows. */
  readonly state: string;
  /** Whether the state is not terminal. */
  readonly isLive: boolean;
  readonly data: Data;
  /** Number of the attempt, from 1 on; of a document 1. */
  readonly attempt: number;
  /** Event time at which the state was entered, ms since the epoch. */
  readonly stateSince: number;
}

/** A message of a log, and its entity after it. */
export interface LoggedMessage<Data = unknown> {
  readonly message: { readonly type: string; readonly payload: Payload };
  readonly entity: RowEntity<Data>;
  /** Event time of the message, ms since the epoch. */
  readonly now: number;
}

/** A row of a projection as code gives and gets it: JSON values by column, times as RFC 3339. */
export type Row = Readonly<Record<string, Json>>;

export const ROW_KINDS = ["row", "rows", "log"] as const;
export type RowKind = (typeof ROW_KINDS)[number];

/** The code of a projection. */
export interface RowFunction {
  readonly kind: RowKind;
  readonly version: number;
  /** The columns, but for those that the runtime fills. */
  readonly shape: z.ZodObject;
  readonly of: (given: never) => unknown;
}

interface Declaration<Shape extends z.ZodObject, Given, Made> {
  /** The contract's `version`: raised with every change of what the rows are. */
  readonly version: number;
  readonly shape: Shape;
  /** Pure and synchronous. */
  readonly of: (given: Given) => Made;
}

/** For `row:` of a projection: the entity's row, or null when it has none. */
export const row = <Shape extends z.ZodObject, Data>(
  declared: Declaration<Shape, RowEntity<Data>, z.input<Shape> | null>,
): RowFunction => ({ kind: "row", ...declared });

/** For `rows:` of a projection: all rows of the entity, in any order. */
export const rows = <Shape extends z.ZodObject, Data>(
  declared: Declaration<Shape, RowEntity<Data>, readonly z.input<Shape>[]>,
): RowFunction => ({ kind: "rows", ...declared });

/** For `log:` of a projection: the row that a message leaves, or null when it leaves none. */
export const logRow = <Shape extends z.ZodObject, Data>(
  declared: Declaration<Shape, LoggedMessage<Data>, z.input<Shape> | null>,
): RowFunction => ({ kind: "log", ...declared });

/** As Postgres has them. `bigint` holds what a number of JSON can say exactly. */
export type ColumnType = "text" | "bigint" | "float8" | "boolean" | "timestamptz" | "jsonb" | "text[]";

export interface ColumnSpec {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
  /** How rows can be found by it; undefined: they can't, unless it is the key's. */
  readonly index: "btree" | "gin" | undefined;
}

/** Read from the entity when rows are shown. */
interface LiveColumn {
  readonly name: string;
  /** When it is due, or was renewed; undefined: when the entity was last heard of. */
  readonly deadline: string | undefined;
  readonly isRenewal: boolean;
}

/** Where the tables and views of a domain's projections are. */
export const schemaOf = (domain: string): string => `rollcall_${domain.replaceAll("-", "_")}`;

/** A projection, compiled. */
export interface ProjectionSpec {
  readonly domain: string;
  readonly name: string;
  readonly version: number;
  readonly kind: RowKind;
  /** Of its tables and its view. */
  readonly schema: string;
  /** The columns that tell rows apart, and that end every sort. The first one has the entity's id. */
  readonly key: readonly string[];
  /** The key's own, which the runtime fills, then those of the shape. */
  readonly columns: readonly ColumnSpec[];
  readonly live: readonly LiveColumn[];
  readonly log: { readonly types: ReadonlySet<string>; readonly everyMs: number; readonly keepMs: number } | undefined;
  /** Takes what the function returns, and nothing else. */
  readonly parser: z.ZodType<Row>;
  readonly of: (given: never) => unknown;
  /** A digest of the table: tables of one version that differ can't be one. */
  readonly layout: string;
}
