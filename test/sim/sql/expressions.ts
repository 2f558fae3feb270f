import type { Expr, Select } from "./parse.ts";
import { PLACE, type Row, type Table, type Transaction, type Values } from "./tables.ts";
import { coercion, comparable, compare, Interval, Json, SqlError, type Value } from "./values.ts";

/** What a statement runs on. */
export interface Env {
  readonly params: readonly Value[];
  readonly transaction: Transaction;
  /** The server's clock, ms since the epoch. */
  readonly nowMs: number;
  readonly tables: ReadonlyMap<string, Table>;
  /** The rows that the sources are at, and where those lie. */
  readonly slots: (Values | null)[];
  readonly rows: (Row | undefined)[];
  readonly ctes: Map<string, readonly Values[]>;
  aggregates: readonly Value[];
  /** Of the row that is made. */
  windows: readonly Value[];
}
export type Fn = (env: Env) => Value;

export interface Bound {
  readonly alias: string;
  readonly slot: number;
  readonly columns: readonly string[];
}
export interface Aggregate {
  readonly name: string;
  readonly arg: Fn | undefined;
  readonly filter: Fn | undefined;
}
/** An aggregate over the rows of its partition that are not behind the one it is told for. */
export interface WindowAggregate {
  readonly aggregate: Aggregate;
  readonly partitionBy: readonly Fn[];
  readonly orderBy: readonly Fn[];
}
export interface Scope {
  readonly sources: readonly Bound[];
  readonly parent: Scope | undefined;
  /** Where aggregates are gathered; undefined where there may be none. */
  readonly aggregates?: Aggregate[];
  readonly windows?: WindowAggregate[];
  readonly query: (select: Select, scope: Scope) => (env: Env) => readonly Values[];
}

const AGGREGATES = new Set(["count", "max", "min", "sum", "array_agg", "bool_or", "bool_and"]);

export function bound(scope: Scope, table: string | undefined, name: string): Bound {
  for (let at: Scope | undefined = scope; at; at = at.parent) {
    const found = at.sources.find((source) =>
      table === undefined ? source.columns.includes(name) : source.alias === table,
    );
    if (found) return found;
  }
  throw new Error(`the simulation finds no column ${table === undefined ? name : `${table}.${name}`}`);
}

export function compileExpr(expr: Expr, scope: Scope): Fn {
  const compile = COMPILERS[expr.k] as (expr: Expr, scope: Scope) => Fn;
  return compile(expr, scope);
}

type Compilers = { readonly [Kind in Expr["k"]]: (expr: Extract<Expr, { k: Kind }>, scope: Scope) => Fn };
const COMPILERS: Compilers = {
  param:
    ({ n }) =>
    (env) =>
      env.params[n] ?? null,
  literal:
    ({ value }) =>
    () =>
      value,
  column: ({ table, name }, scope) => {
    const { slot } = bound(scope, table, name);
    return name === PLACE ? (env) => env.rows[slot]?.place ?? null : (env) => env.slots[slot]?.[name] ?? null;
  },
  cast: ({ of, type }, scope) => {
    const inner = compileExpr(of, scope);
    const cast = coercion(type);
    return (env) => cast(inner(env));
  },
  not: ({ of }, scope) => {
    const inner = compileExpr(of, scope);
    return (env) => {
      const value = inner(env);
      return value === null ? null : value !== true;
    };
  },
  negative: ({ of }, scope) => {
    const inner = compileExpr(of, scope);
    return (env) => -(inner(env) as number);
  },
  isNull: ({ of, not }, scope) => {
    const inner = compileExpr(of, scope);
    return (env) => (inner(env) === null) !== not;
  },
  binary: ({ op, left, right }, scope) => binary(op, compileExpr(left, scope), compileExpr(right, scope)),
  any: anyOrAll,
  in: isIn,
  case: ({ whens, otherwise }, scope) => {
    const cases = whens.map(([when, then]) => [compileExpr(when, scope), compileExpr(then, scope)] as const);
    const fallback = otherwise ? compileExpr(otherwise, scope) : () => null;
    return (env) => (cases.find(([when]) => when(env) === true)?.[1] ?? fallback)(env);
  },
  exists: ({ query }, scope) => {
    const rows = scope.query(query, scope);
    return (env) => rows(env).length > 0;
  },
  subquery: ({ query }, scope) => {
    const values = columnOf(scope.query(query, scope));
    return (env) => values(env)[0] ?? null;
  },
  call: callOrAggregate,
  star: () => {
    throw new Error("no place for *");
  },
  row: () => {
    throw new Error("a row is compared with those of a select only");
  },
};

function anyOrAll(expr: Extract<Expr, { k: "any" }>, scope: Scope): Fn {
  const [left, array] = [compileExpr(expr.left, scope), compileExpr(expr.array, scope)];
  const holds = comparison(expr.op);
  return (env) => {
    const [value, values] = [left(env), array(env) as readonly Value[] | null];
    if (value === null || values === null) return null;
    const fits = (each: Value): boolean => each !== null && holds(compare(value, each));
    return expr.all ? values.every(fits) : values.some(fits);
  };
}

function isIn({ left, list, not }: Extract<Expr, { k: "in" }>, scope: Scope): Fn {
  if (left.k === "row") {
    const inner = manyOf(left.of.map((each) => compileExpr(each, scope)));
    const rows = scope.query(list as Select, scope);
    return (env) => {
      const values = inner(env);
      const isSame = (row: Values): boolean =>
        Object.values(row).every((each, at) => compare(each, values[at] ?? null) === 0);
      return rows(env).some(isSame) !== not;
    };
  }
  const inner = compileExpr(left, scope);
  const values = Array.isArray(list)
    ? manyOf((list as readonly Expr[]).map((each) => compileExpr(each, scope)))
    : columnOf(scope.query(list as Select, scope));
  return (env) => {
    const value = inner(env);
    return value === null ? null : values(env).some((each) => each !== null && compare(value, each) === 0) !== not;
  };
}

function callOrAggregate({ name, args, filter, over }: Extract<Expr, { k: "call" }>, scope: Scope): Fn {
  const compiled = args.map((arg) => compileExpr(arg, scope));
  if (!AGGREGATES.has(name)) return call(name, compiled);
  if (!scope.aggregates || !scope.windows) throw new Error(`no place for ${name}()`);
  const found: Aggregate = { name, arg: compiled[0], filter: filter && compileExpr(filter, scope) };
  if (over) {
    if (over.orderBy.some(({ descending }) => descending)) throw new Error("the simulation has no falling window");
    const [partitionBy, orderBy] = [over.partitionBy, over.orderBy.map(({ expr }) => expr)].map((all) =>
      all.map((expr) => compileExpr(expr, scope)),
    ) as [Fn[], Fn[]];
    const nth = scope.windows.push({ aggregate: found, partitionBy, orderBy }) - 1;
    return (env) => env.windows[nth] ?? null;
  }
  const at = scope.aggregates.push(found) - 1;
  return (env) => env.aggregates[at] ?? null;
}

const manyOf = (fns: readonly Fn[]) => (env: Env) => fns.map((fn) => fn(env));
const columnOf = (rows: (env: Env) => readonly Values[]) => (env: Env) =>
  rows(env).map((row) => Object.values(row)[0] ?? null);

const COMPARISONS: Readonly<Record<string, (order: number) => boolean>> = {
  "=": (order) => order === 0,
  "<>": (order) => order !== 0,
  "!=": (order) => order !== 0,
  "<": (order) => order < 0,
  "<=": (order) => order <= 0,
  ">": (order) => order > 0,
  ">=": (order) => order >= 0,
};
function comparison(op: string): (order: number) => boolean {
  const found = COMPARISONS[op];
  if (!found) throw new Error(`the simulation knows no operator ${op}`);
  return found;
}

function binary(op: string, left: Fn, right: Fn): Fn {
  if (op === "and")
    return (env) => {
      const a = left(env);
      if (a === false) return false;
      const b = right(env);
      return b === false ? false : a === null || b === null ? null : true;
    };
  if (op === "or")
    return (env) => {
      const a = left(env);
      if (a === true) return true;
      const b = right(env);
      return b === true ? true : a === null || b === null ? null : false;
    };
  if (op === "distinct" || op === "not distinct")
    return (env) => (comparable(left(env)) !== comparable(right(env))) === (op === "distinct");
  if (op in COMPARISONS) {
    const holds = comparison(op);
    return (env) => {
      const [a, b] = [left(env), right(env)];
      return a === null || b === null ? null : holds(compare(a, b));
    };
  }
  const calculate = CALCULATIONS[op];
  if (!calculate) throw new Error(`the simulation knows no operator ${op}`);
  return (env) => {
    const [a, b] = [left(env), right(env)];
    return a === null || b === null ? null : calculate(a, b);
  };
}

const CALCULATIONS: Readonly<Record<string, (a: Value, b: Value) => Value>> = {
  "+": (a, b) => shifted(a, b, 1) ?? Number(a) + Number(b),
  "-": (a, b) =>
    a instanceof Date && b instanceof Date
      ? new Interval(a.getTime() - b.getTime())
      : (shifted(a, b, -1) ?? Number(a) - Number(b)),
  "*": (a, b) => Number(a) * Number(b),
  "/": (a, b) => Number(a) / Number(b),
  "%": (a, b) => Number(a) % Number(b),
  "||": (a, b) => String(comparable(a)) + String(comparable(b)),
  "->": (a, b) => asJson(member(a, b)),
  "->>": (a, b) => {
    const value = member(a, b);
    return value === undefined || value === null ? null : typeof value === "string" ? value : JSON.stringify(value);
  },
};

const shifted = (a: Value, b: Value, sign: number): Value | undefined =>
  a instanceof Date && b instanceof Interval ? new Date(a.getTime() + sign * b.ms) : undefined;
const asJson = (value: unknown): Value => (value === undefined ? null : new Json(JSON.stringify(value)));
const member = (json: Value, key: Value): unknown =>
  ((json as Json).value as Readonly<Record<string, unknown>> | null)?.[String(key)];

/** Null of null. */
const ofValue =
  (arg: Fn, make: (value: Value) => Value): Fn =>
  (env) => {
    const value = arg(env);
    return value === null ? null : make(value);
  };

function call(name: string, args: readonly Fn[]): Fn {
  const [first = () => null] = args;
  switch (name) {
    case "now":
      return (env) => new Date(env.transaction.atMs);
    case "clock_timestamp":
      return (env) => new Date(env.nowMs);
    case "coalesce":
      return (env) => {
        for (const arg of args) {
          const value = arg(env);
          if (value !== null) return value;
        }
        return null;
      };
    case "greatest":
    case "least":
      return (env) =>
        args
          .map((arg) => arg(env))
          .filter((value) => value !== null)
          .sort((a, b) => (name === "least" ? compare(a, b) : compare(b, a)))[0] ?? null;
    case "convert_to":
      return ofValue(first, (value) => Buffer.from(String(value), "utf8"));
    case "octet_length":
      return ofValue(first, (value) => Buffer.byteLength(String(value)));
    case "convert_from":
      return (env) => {
        const value = first(env) as Buffer | null;
        return value && value.toString("utf8");
      };
    case "epoch":
      return (env) => {
        const value = first(env);
        return value === null ? null : (comparable(value) as number) / 1_000;
      };
    case "generate_series":
      return (env) => {
        const [from = 0, to = -1] = args.map((arg) => Number(arg(env)));
        return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
      };
    case "drop_seen_before":
      return (env) => {
        const table = env.tables.get("seen");
        for (const row of table ? [...table.rows] : []) {
          const values = row.seenBy(env.transaction);
          if (table && values && compare(values["day"] ?? null, first(env)) < 0)
            env.transaction.write(table, row, null);
        }
        // A simulated table has no partitions that go as a whole.
        return 0;
      };
    case "cardinality":
    case "array_length":
      return (env) => (first(env) as readonly Value[] | null)?.length ?? null;
    default:
      throw new Error(`the simulation knows no function ${name}()`);
  }
}

export function aggregate({ name, arg }: Aggregate, values: readonly Value[]): Value {
  if (name === "count") return arg ? values.filter((value) => value !== null).length : values.length;
  const known = values.filter((value) => value !== null);
  if (name === "array_agg") return values.length === 0 ? null : values;
  if (known.length === 0) return null;
  if (name === "sum") return known.reduce((sum: number, value) => sum + Number(value), 0);
  if (name === "bool_or") return known.includes(true);
  if (name === "bool_and") return !known.includes(false);
  const ordered = [...known].sort(compare);
  const found = name === "min" ? ordered[0] : ordered.at(-1);
  if (found === undefined) throw new SqlError("XX000", "no aggregate");
  return found;
}
