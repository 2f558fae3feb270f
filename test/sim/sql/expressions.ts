import type { Expr, Select } from "./parse.ts";
import type { Row, Table, Transaction, Values } from "./tables.ts";
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
export interface Scope {
  readonly sources: readonly Bound[];
  readonly parent: Scope | undefined;
  /** Where aggregates are gathered; undefined where there may be none. */
  readonly aggregates?: Aggregate[];
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
  const of = (inner: Expr): Fn => compileExpr(inner, scope);
  switch (expr.k) {
    case "param":
      return (env) => env.params[expr.n] ?? null;
    case "literal":
      return () => expr.value;
    case "column": {
      const { slot } = bound(scope, expr.table, expr.name);
      return (env) => env.slots[slot]?.[expr.name] ?? null;
    }
    case "cast": {
      const inner = of(expr.of);
      const cast = coercion(expr.type);
      return (env) => cast(inner(env));
    }
    case "not": {
      const inner = of(expr.of);
      return (env) => {
        const value = inner(env);
        return value === null ? null : value !== true;
      };
    }
    case "negative": {
      const inner = of(expr.of);
      return (env) => -(inner(env) as number);
    }
    case "isNull": {
      const inner = of(expr.of);
      return (env) => (inner(env) === null) !== expr.not;
    }
    case "binary":
      return binary(expr.op, of(expr.left), of(expr.right));
    case "any": {
      const [left, array] = [of(expr.left), of(expr.array)];
      const holds = comparison(expr.op);
      return (env) => {
        const [value, values] = [left(env), array(env) as readonly Value[] | null];
        if (value === null || values === null) return null;
        const fits = (each: Value): boolean => each !== null && holds(compare(value, each));
        return expr.all ? values.every(fits) : values.some(fits);
      };
    }
    case "in": {
      const left = of(expr.left);
      const { list } = expr;
      const values = Array.isArray(list)
        ? manyOf((list as readonly Expr[]).map(of))
        : columnOf(scope.query(list as Select, scope));
      return (env) => {
        const value = left(env);
        return value === null
          ? null
          : values(env).some((each) => each !== null && compare(value, each) === 0) !== expr.not;
      };
    }
    case "case": {
      const whens = expr.whens.map(([when, then]) => [of(when), of(then)] as const);
      const otherwise = expr.otherwise ? of(expr.otherwise) : () => null;
      return (env) => (whens.find(([when]) => when(env) === true)?.[1] ?? otherwise)(env);
    }
    case "exists": {
      const rows = scope.query(expr.query, scope);
      return (env) => rows(env).length > 0;
    }
    case "subquery": {
      const values = columnOf(scope.query(expr.query, scope));
      return (env) => values(env)[0] ?? null;
    }
    case "call": {
      const args = expr.args.map(of);
      if (!AGGREGATES.has(expr.name)) return call(expr.name, args);
      if (!scope.aggregates) throw new Error(`no place for ${expr.name}()`);
      const at = scope.aggregates.length;
      scope.aggregates.push({ name: expr.name, arg: args[0], filter: expr.filter && of(expr.filter) });
      return (env) => env.aggregates[at] ?? null;
    }
    case "star":
      throw new Error("no place for *");
  }
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
      return (env) => {
        const value = first(env);
        return value === null ? null : Buffer.from(String(value), "utf8");
      };
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
