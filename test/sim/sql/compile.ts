import {
  aggregate,
  type Aggregate,
  type Bound,
  bound,
  compileExpr,
  type Env,
  type Fn,
  type Scope,
  type WindowAggregate,
} from "./expressions.ts";
import {
  type Delete,
  type Expr,
  type Insert,
  type Output,
  parse,
  parseExpr,
  type Select,
  type Source,
  type Statement,
  type Update,
} from "./parse.ts";
import { LockWait, PLACE, type Row, type Table, type Values } from "./tables.ts";
import { coercion, comparable, compare, SqlError, type Value } from "./values.ts";

/** A statement, ready to be run: its rows (of `returning`, or of a select) in the order in which they were made. */
export type Run = (env: Env) => readonly Values[];
interface Compiled {
  readonly run: Run;
  readonly columns: readonly string[];
}

/** Compiles a statement's text once, for tables of these names and columns. */
export function compile(text: string, tables: ReadonlyMap<string, Table>): Run {
  return new Compiler(tables).statement(parse(text), undefined).run;
}

type Given = Pick<Env, "params" | "transaction" | "tables" | "nowMs">;

export const newEnv = ({ params, transaction, tables, nowMs }: Given): Env => ({
  params,
  transaction,
  tables,
  nowMs,
  slots: [],
  rows: [],
  ctes: new Map(),
  aggregates: [],
  windows: [],
});

/** What a select gathers over its rows. */
interface Made {
  readonly aggregates: Aggregate[];
  readonly windows: WindowAggregate[];
}
/** Goes through every combination of the sources' rows that the conditions admit. */
type Each = (env: Env, found: () => void) => void;

class Compiler {
  readonly #tables: ReadonlyMap<string, Table>;
  readonly #ctes = new Map<string, readonly string[]>();
  #slots = 0;

  constructor(tables: ReadonlyMap<string, Table>) {
    this.#tables = tables;
  }

  statement(statement: Statement, parent: Scope | undefined): Compiled {
    const ctes = statement.with.map(({ name, statement: inner }) => {
      const compiled = this.statement(inner, undefined);
      this.#ctes.set(name, compiled.columns);
      return { name, run: compiled.run };
    });
    const { run, columns } = this.#plain(statement, parent);
    if (ctes.length === 0) return { run, columns };
    const runAll: Run = (env) => {
      for (const cte of ctes) env.ctes.set(cte.name, cte.run(env));
      return run(env);
    };
    return { run: runAll, columns };
  }

  #plain(statement: Statement, parent: Scope | undefined): Compiled {
    if (statement.kind === "select") return this.#select(statement, parent);
    if (statement.kind === "insert") return this.#insert(statement);
    if (statement.kind === "update") return this.#update(statement);
    return this.#delete(statement);
  }

  #table(name: string): Table {
    const table = this.#tables.get(name);
    if (!table) throw new Error(`the simulated store has no table ${name}`);
    return table;
  }

  #nodeColumns(table: string): readonly string[] {
    return this.#table(table).schema.columns.map(({ name }) => name);
  }

  #scope(sources: readonly Bound[], parent: Scope | undefined, made?: Made): Scope {
    return {
      sources,
      parent,
      ...made,
      query: (select, scope) => this.statement(select, scope).run,
    };
  }

  /** @param before the sources before it */
  #bind(source: Source, before: Scope): { readonly bound: Bound; readonly rows?: Run } {
    const slot = this.#slots++;
    const { alias } = source;
    if (source.kind === "unnest") return { bound: { alias, slot, columns: source.columns } };
    if (source.kind === "select") {
      const { run, columns } = this.statement(source.query, source.lateral ? before : undefined);
      return { bound: { alias, slot, columns }, rows: run };
    }
    const cte = this.#ctes.get(source.table);
    if (cte) return { bound: { alias, slot, columns: cte }, rows: (env) => env.ctes.get(source.table) ?? [] };
    return { bound: { alias, slot, columns: [...this.#nodeColumns(source.table), PLACE] } };
  }

  /** Nested loops, in the order given; a table is asked by its key where the conditions name it. */
  #loops(
    sources: readonly Source[],
    where: Expr | undefined,
    parent: Scope | undefined,
    made?: Made,
  ): { readonly scope: Scope; readonly each: Each } {
    // What a parameter lists is short: a table is gone through for each of it, and not the other way round.
    const isFree = sources.every((source) => !source.left && !(source.kind === "select" && source.lateral));
    const ordered = isFree
      ? [...sources].sort((a, b) => Number(a.kind === "table") - Number(b.kind === "table"))
      : sources;
    const sourcesBound: Bound[] = [];
    const scope = this.#scope(sourcesBound, parent, made);
    const binds = ordered.map((source) => {
      const bind = this.#bind(source, this.#scope([...sourcesBound], parent));
      sourcesBound.push(bind.bound);
      return { source, ...bind };
    });
    const conditions = [
      ...(where ? conjuncts(where) : []),
      ...sources.flatMap((source) => (source.on && !source.left ? conjuncts(source.on) : [])),
    ];
    const filters = conditions.map((condition) => ({
      fn: compileExpr(condition, scope),
      // When the last of the sources that it speaks of is at a row.
      depth: Math.max(
        -1,
        ...slotsOf(condition, scope).map((slot) => binds.findIndex((each) => each.bound.slot === slot)),
      ),
    }));
    let each: Each = (env, found) => {
      if (filters.every(({ fn, depth }) => depth >= 0 || fn(env) === true)) found();
    };
    // Built from the outside in: what a source does for each of its rows is the next one.
    const steps = binds.map(({ source, bound: own, rows }, depth) => {
      const tests = filters.filter((filter) => filter.depth === depth).map(({ fn }) => fn);
      const scan = rows ? listed(own.slot, rows) : this.#scan(source, own, conditions, scope);
      const on = source.left && source.on ? compileExpr(source.on, scope) : undefined;
      return { scan, tests, on, slot: own.slot };
    });
    const outer = each;
    each = (env, found) => outer(env, () => walk(steps, 0, env, found));
    return { scope, each };
  }

  #scan(source: Source, own: Bound, conditions: readonly Expr[], scope: Scope): Each {
    if (source.kind === "unnest") {
      const arrays = source.arrays.map((array) => compileExpr(array, scope));
      const names = own.columns;
      return (env, found) => {
        const columns = arrays.map((array) => (array(env) as readonly Value[] | null) ?? []);
        const length = Math.max(0, ...columns.map((column) => column.length));
        for (let i = 0; i < length; i++) {
          const row: Values = {};
          for (let at = 0; at < names.length; at++) row[names[at] as string] = columns[at]?.[i] ?? null;
          env.slots[own.slot] = row;
          found();
        }
      };
    }
    if (source.kind !== "table") throw new Error("no such source");
    const { table: name } = source;
    const { slot } = own;
    const place = this.#sought(PLACE, own, conditions, scope);
    const keys = this.#keys(this.#table(name), own, conditions, scope);
    const visit = (env: Env, row: Row, found: () => void): void => {
      const values = row.seenBy(env.transaction);
      if (values === null) return;
      env.slots[slot] = values;
      env.rows[slot] = row;
      found();
    };
    if (place)
      return (env, found) => {
        const row = env.tables.get(name)?.at(place(env));
        if (row) visit(env, row, found);
      };
    if (!keys)
      return (env, found) => {
        for (const row of [...(env.tables.get(name)?.rows ?? [])]) visit(env, row, found);
      };
    return (env, found) => {
      const table = env.tables.get(name);
      for (const key of keys(env)) for (const row of table?.byKey(key) ?? []) visit(env, row, found);
    };
  }

  /** What the conditions want a column to be, by values known before. */
  #sought(column: string, own: Bound, conditions: readonly Expr[], scope: Scope): Fn | undefined {
    for (const expr of conditions) {
      if (expr.k !== "binary" || expr.op !== "=") continue;
      const isOwn = (side: Expr): boolean => isColumn(side, column, own, scope);
      const other = isOwn(expr.left) ? expr.right : isOwn(expr.right) ? expr.left : undefined;
      if (other && isBefore(other, own, scope)) return compileExpr(other, scope);
    }
    return undefined;
  }

  /** The primary keys, or their beginnings, that the conditions name: by values known before, or any of an array. */
  #keys(table: Table, own: Bound, conditions: readonly Expr[], scope: Scope) {
    const types = new Map(table.schema.columns.map(({ name, type }) => [name, type]));
    const parts = table.key.map((column) => {
      const cast = coercion(types.get(column) ?? "text");
      for (const expr of conditions) {
        if (expr.k !== "any" || expr.op !== "=" || expr.all) continue;
        if (!isColumn(expr.left, column, own, scope) || !isBefore(expr.array, own, scope)) continue;
        const array = compileExpr(expr.array, scope);
        return (env: Env) => [
          ...new Set(((array(env) as readonly Value[] | null) ?? []).map((value) => comparable(cast(value)))),
        ];
      }
      const value = this.#sought(column, own, conditions, scope);
      return value && ((env: Env) => [comparable(cast(value(env)))]);
    });
    const unknownAt = parts.indexOf(undefined);
    const known = parts.slice(0, unknownAt < 0 ? parts.length : unknownAt).filter((part) => part !== undefined);
    if (known.length === 0) return undefined;
    return (env: Env): Value[][] =>
      known.reduce<Value[][]>(
        (keys, part) => {
          const values = part(env);
          return keys.flatMap((key) => values.map((value) => [...key, value]));
        },
        [[]],
      );
  }

  #select(query: Select, parent: Scope | undefined): Compiled {
    const made: Made = { aggregates: [], windows: [] };
    const { aggregates, windows } = made;
    const { scope, each } = this.#loops(query.from, query.where, parent, made);
    const outputs = this.#outputs(query.outputs, scope);
    const names = outputs.map(({ name }) => name);
    const aliases = new Map(outputs.map(({ name, fn }) => [name, fn]));
    const orderBy = query.orderBy.map(({ expr, descending }) => ({
      fn: (expr.k === "column" && expr.table === undefined && aliases.get(expr.name)) || compileExpr(expr, scope),
      descending,
    }));
    const limit = query.limit ? compileExpr(query.limit, scope) : undefined;
    const offset = query.offset ? compileExpr(query.offset, scope) : undefined;
    const groupBy = query.groupBy.map((expr) => compileExpr(expr, scope));
    const having = query.having ? compileExpr(query.having, scope) : undefined;
    const union = query.union ? this.#select(query.union, parent).run : undefined;
    const isGrouped = aggregates.length > 0 || groupBy.length > 0;
    const isPlain =
      !isGrouped &&
      windows.length === 0 &&
      orderBy.length === 0 &&
      !limit &&
      !union &&
      !query.forUpdate &&
      !query.distinct;
    const run: Run = (env) => {
      if (isPlain) {
        const rows: Values[] = [];
        each(env, () => rows.push(rowOf(outputs, env)));
        return rows;
      }
      const found: { row: Values; order: Value[]; handles: Row[] }[] = [];
      const make = (): void => {
        const row = rowOf(outputs, env);
        const handles = query.forUpdate ? scope.sources.flatMap(({ slot }) => env.rows[slot] ?? []) : [];
        found.push({ row, order: orderBy.map(({ fn }) => fn(env)), handles });
      };
      if (isGrouped) grouped(env, each, scope, groupBy, aggregates, () => (!having || having(env) === true) && make());
      else if (windows.length > 0) windowed(env, each, scope, windows, make);
      else each(env, make);
      if (orderBy.length > 0)
        found.sort((a, b) => {
          for (const [i, { descending }] of orderBy.entries()) {
            const order = nullsLast(a.order[i] ?? null, b.order[i] ?? null);
            if (order !== 0) return descending ? -order : order;
          }
          return 0;
        });
      const from = offset ? Number(offset(env)) : 0;
      const kept = found.slice(from, limit ? from + Number(limit(env)) : found.length);
      for (const { handles } of kept)
        for (const row of handles) env.transaction.lock(this.#ownerOf(env, query, row), row);
      const rows = kept.map(({ row }) => row);
      const all = union ? [...rows, ...union(env)] : rows;
      return query.distinct ? distinct(all) : all;
    };
    return { run, columns: names };
  }

  #ownerOf(env: Env, { from }: Select, row: Row): Table {
    for (const source of from) {
      const table = source.kind === "table" ? env.tables.get(source.table) : undefined;
      if (table?.rows.has(row)) return table;
    }
    throw new Error("a lock on no table's row");
  }

  #outputs(outputs: readonly Output[], scope: Scope): Named[] {
    return outputs.flatMap(({ expr, name }) => {
      if (expr.k !== "star") return [{ name, fn: compileExpr(expr, scope) }];
      return scope.sources
        .filter(({ alias }) => expr.table === undefined || alias === expr.table)
        .flatMap(({ slot, columns }) =>
          columns
            .filter((column) => column !== PLACE)
            .map((column) => ({ name: column, fn: (env: Env) => env.slots[slot]?.[column] ?? null })),
        );
    });
  }

  #insert(insert: Insert): Compiled {
    const { schema } = this.#table(insert.table);
    const columns = this.#nodeColumns(insert.table);
    const castOf = new Map(schema.columns.map(({ name, type }) => [name, coercion(type)]));
    const given = insert.columns.map((name) => ({ name, cast: castOf.get(name) ?? coercion("text") }));
    const empty = this.#scope([], undefined);
    const defaults = schema.columns
      .filter(({ name, default: text }) => text !== undefined && !insert.columns.includes(name))
      .map(({ name, type, default: text = "" }) => ({
        name,
        cast: coercion(type),
        fn: compileExpr(parseExpr(text), empty),
      }));
    const checks = schema.checks.map((text) => parseExpr(text));
    const target = { alias: insert.alias, slot: this.#slots++, columns };
    const excluded = { alias: "excluded", slot: this.#slots++, columns };
    const scope = this.#scope([target, excluded], undefined);
    const own = this.#scope([target], undefined);
    const tests = checks.map((check) => compileExpr(check, own));
    const set = (insert.conflict?.set ?? []).map(([column, expr]) => ({
      column,
      cast: castOf.get(column) ?? coercion("text"),
      fn: compileExpr(expr, scopeOf(scope, target)),
    }));
    const where = insert.conflict?.where ? compileExpr(insert.conflict.where, scope) : undefined;
    const source = this.#rowsToInsert(insert, empty);
    const returning = this.#outputs(insert.returning, own);
    const run: Run = (env) => {
      const table = env.tables.get(insert.table) as Table;
      const returned: Values[] = [];
      const written = new Set<Row>();
      const result = (values: Values): void => {
        env.slots[target.slot] = values;
        if (returning.length > 0) returned.push(rowOf(returning, env));
      };
      for (const row of source(env)) {
        const values: Values = {};
        for (let i = 0; i < given.length; i++) {
          const { name, cast } = given[i] as (typeof given)[number];
          values[name] = cast(row[i]);
        }
        for (const { name, cast, fn } of defaults) values[name] = cast(fn(env));
        table.check(values);
        env.slots[target.slot] = values;
        if (tests.some((test) => test(env) === false)) throw new SqlError("23514", `a check of ${insert.table}`);
        const inTheWay = table.conflicting(values);
        if (!inTheWay) {
          written.add(env.transaction.insert(table, values));
          result(values);
          continue;
        }
        if (inTheWay.owner && inTheWay.owner !== env.transaction) throw new LockWait(inTheWay.owner);
        const held = inTheWay.seenBy(env.transaction);
        if (held === null) {
          // Deleted before by this transaction itself.
          env.transaction.write(table, inTheWay, values);
          written.add(inTheWay);
          result(values);
          continue;
        }
        if (!insert.conflict) throw new SqlError("23505", `duplicate key in ${insert.table}`);
        if (insert.conflict.columns.length > 0 && table.conflicting(values, insert.conflict.columns) !== inTheWay)
          throw new SqlError("23505", `duplicate key in ${insert.table}`);
        if (!insert.conflict.set) continue;
        env.slots[target.slot] = held;
        env.slots[excluded.slot] = values;
        if (written.has(inTheWay)) throw new SqlError("21000", `${insert.table}: a statement changes a row twice`);
        env.transaction.lock(table, inTheWay);
        if (where && where(env) !== true) continue;
        written.add(inTheWay);
        const changed = { ...held };
        for (const { column, cast, fn } of set) changed[column] = cast(fn(env));
        env.transaction.write(table, inTheWay, changed);
        result(changed);
      }
      return returned;
    };
    return { run, columns: returning.map(({ name }) => name) };
  }

  #rowsToInsert({ source }: Insert, empty: Scope): (env: Env) => readonly (readonly (Value | undefined)[])[] {
    if (Array.isArray(source)) {
      const rows = (source as readonly (readonly Expr[])[]).map((row) => row.map((expr) => compileExpr(expr, empty)));
      return (env) => rows.map((row) => row.map((fn) => fn(env)));
    }
    const query = source as Select;
    // By position: two outputs may have one name.
    const outputs = query.outputs.map((output, i) =>
      output.expr.k === "star" ? output : { ...output, name: `#${i}` },
    );
    const { run, columns } = this.#select({ ...query, outputs }, undefined);
    return (env) => run(env).map((row) => columns.map((name) => row[name]));
  }

  #update(update: Update): Compiled {
    const { alias, table: name } = update;
    const target: Source = { kind: "table", table: name, alias };
    const { scope, each } = this.#loops([...update.from, target], update.where, undefined);
    const own = scope.sources.at(-1) as Bound;
    const first = { ...scope, sources: [own, ...scope.sources.slice(0, -1)] };
    const castOf = new Map(this.#table(name).schema.columns.map((column) => [column.name, coercion(column.type)]));
    const set = update.set.map(([column, expr]) => ({
      column,
      cast: castOf.get(column) ?? coercion("text"),
      fn: compileExpr(expr, scope),
    }));
    const returning = this.#outputs(update.returning, first);
    const run: Run = (env) => {
      const table = env.tables.get(name) as Table;
      const changes = new Map<Row, { values: Values; slots: (Values | null)[] }>();
      each(env, () => {
        const row = env.rows[own.slot] as Row;
        if (changes.has(row)) return;
        const values = { ...(env.slots[own.slot] as Values) };
        for (const { column, cast, fn } of set) values[column] = cast(fn(env));
        changes.set(row, { values, slots: [...env.slots] });
      });
      return [...changes].flatMap(([row, { values, slots }]) => {
        table.check(values);
        env.transaction.write(table, row, values);
        if (returning.length === 0) return [];
        slots.forEach((slot, i) => (env.slots[i] = slot));
        env.slots[own.slot] = values;
        return [rowOf(returning, env)];
      });
    };
    return { run, columns: returning.map((output) => output.name) };
  }

  #delete(deletion: Delete): Compiled {
    const { alias, table: name } = deletion;
    const target: Source = { kind: "table", table: name, alias };
    const { scope, each } = this.#loops([...deletion.from, target], deletion.where, undefined);
    const own = scope.sources.at(-1) as Bound;
    const returning = this.#outputs(deletion.returning, scope);
    const run: Run = (env) => {
      const gone = new Map<Row, Values>();
      each(env, () => {
        const row = env.rows[own.slot] as Row;
        if (!gone.has(row)) gone.set(row, rowOf(returning, env));
      });
      for (const row of gone.keys()) env.transaction.write(env.tables.get(name) as Table, row, null);
      return returning.length === 0 ? [] : [...gone.values()];
    };
    return { run, columns: returning.map((output) => output.name) };
  }
}

interface Named {
  readonly name: string;
  readonly fn: Fn;
}

function rowOf(outputs: readonly Named[], env: Env): Values {
  const row: Values = {};
  for (const { name, fn } of outputs) row[name] = fn(env);
  return row;
}

interface Step {
  readonly scan: Each;
  readonly tests: readonly Fn[];
  /** Of a left join: found nothing, it is gone through once without a row. */
  readonly on: Fn | undefined;
  readonly slot: number;
}

function walk(steps: readonly Step[], depth: number, env: Env, found: () => void): void {
  const step = steps[depth];
  if (!step) return found();
  const { scan, tests, on, slot } = step;
  let isMatched = false;
  scan(env, () => {
    if (on && on(env) !== true) return;
    isMatched = true;
    for (const test of tests) if (test(env) !== true) return;
    walk(steps, depth + 1, env, found);
  });
  if (!on || isMatched) return;
  env.slots[slot] = null;
  env.rows[slot] = undefined;
  if (tests.every((test) => test(env) === true)) walk(steps, depth + 1, env, found);
}

const listed =
  (slot: number, rows: Run): Each =>
  (env, found) => {
    for (const row of rows(env)) {
      env.slots[slot] = row;
      found();
    }
  };

/** Names without a table mean the target's. */
const scopeOf = (scope: Scope, target: Bound): Scope => ({
  ...scope,
  sources: [target, ...scope.sources.filter((each) => each !== target)],
});

function grouped(
  env: Env,
  each: Each,
  { sources }: Scope,
  groupBy: readonly Fn[],
  aggregates: readonly Aggregate[],
  made: () => void,
): void {
  const groups = new Map<string, { slots: (Values | null)[]; values: Value[][] }>();
  if (groupBy.length === 0) groups.set("", { slots: [], values: aggregates.map(() => []) });
  each(env, () => {
    const key = groupBy.map((fn) => JSON.stringify(comparable(fn(env)))).join("\0");
    const group = groups.get(key) ?? { slots: [], values: aggregates.map(() => []) };
    groups.set(key, group);
    group.slots = [...env.slots];
    aggregates.forEach(({ arg, filter }, i) => {
      if (!filter || filter(env) === true) group.values[i]?.push(arg ? arg(env) : true);
    });
  });
  for (const { slots, values } of groups.values()) {
    for (const { slot } of sources) env.slots[slot] = slots[slot] ?? null;
    env.aggregates = aggregates.map((each_, i) => aggregate(each_, values[i] ?? []));
    made();
  }
}

/** Few rows: each is compared with each. */
function windowed(
  env: Env,
  each: Each,
  { sources }: Scope,
  windows: readonly WindowAggregate[],
  made: () => void,
): void {
  const found: { slots: readonly (Values | null)[]; of: { key: string; order: Value[]; value: Value }[] }[] = [];
  each(env, () => {
    const of = windows.map(({ aggregate: { arg }, partitionBy, orderBy }) => ({
      key: JSON.stringify(partitionBy.map((fn) => comparable(fn(env)))),
      order: orderBy.map((fn) => fn(env)),
      value: arg ? arg(env) : true,
    }));
    found.push({ slots: sources.map(({ slot }) => env.slots[slot] ?? null), of });
  });
  for (const { slots, of } of found) {
    sources.forEach(({ slot }, i) => (env.slots[slot] = slots[i] ?? null));
    env.windows = windows.map((window, nth) => {
      const own = of[nth] as (typeof of)[number];
      const inFrame = found.flatMap((other) => {
        const its = other.of[nth] as (typeof of)[number];
        return its.key === own.key && isUpTo(its.order, own.order) ? [its.value] : [];
      });
      return aggregate(window.aggregate, inFrame);
    });
    made();
  }
}

function isUpTo(a: readonly Value[], b: readonly Value[]): boolean {
  for (const [i, value] of a.entries()) {
    const order = nullsLast(value, b[i] ?? null);
    if (order !== 0) return order < 0;
  }
  return true;
}

function nullsLast(a: Value, b: Value): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  return compare(a, b);
}

function distinct(rows: readonly Values[]): readonly Values[] {
  const seen = new Map(rows.map((row) => [JSON.stringify(Object.values(row).map(comparable)), row]));
  return [...seen.values()];
}

const conjuncts = (expr: Expr): Expr[] =>
  expr.k === "binary" && expr.op === "and" ? [...conjuncts(expr.left), ...conjuncts(expr.right)] : [expr];

const isColumn = (expr: Expr, name: string, own: Bound, scope: Scope): boolean =>
  expr.k === "column" && expr.name === name && bound(scope, expr.table, expr.name).slot === own.slot;
/** Whether it speaks of nothing but sources before this one. */
const isBefore = (expr: Expr, own: Bound, scope: Scope): boolean =>
  slotsOf(expr, scope).every((slot) => slot < own.slot);

/** The slots of this scope that an expression speaks of; of one with a query inside, all of them. */
function slotsOf(expr: Expr, scope: Scope): number[] {
  const all = (...inner: (Expr | undefined)[]): number[] => inner.flatMap((each) => (each ? slotsOf(each, scope) : []));
  switch (expr.k) {
    case "column":
      return [bound(scope, expr.table, expr.name).slot];
    case "cast":
    case "not":
    case "negative":
    case "isNull":
      return all(expr.of);
    case "binary":
      return all(expr.left, expr.right);
    case "any":
      return all(expr.left, expr.array);
    case "call":
      return all(...expr.args);
    case "row":
      return all(...expr.of);
    case "case":
      return all(...expr.whens.flat(), expr.otherwise);
    case "in":
      if (Array.isArray(expr.list)) return all(expr.left, ...(expr.list as readonly Expr[]));
      return scope.sources.map(({ slot }) => slot);
    case "exists":
    case "subquery":
      return scope.sources.map(({ slot }) => slot);
    default:
      return [];
  }
}
