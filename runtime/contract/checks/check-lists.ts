import { canHave, canSortBy, type RowTest, testsOf } from "../../core/rows-query.ts";
import type { ColumnSpec } from "../../core/projection.ts";
import { didYouMean } from "../diagnostics/did-you-mean.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { DomainModel, ProjectionModel } from "../model/domain-model.ts";
import type { TextRef } from "../model/model-parts.ts";
import { knownColumnsOf } from "../model/projection-columns.ts";
import type { ListModel } from "../model/read-lists.ts";
import { diagnosticAt, type SourceRef } from "../reading/contract-source.ts";

/** RC109: a query parameter that stands for two things. */
export function* checkParameters({ parameters }: ListModel): Iterable<Diagnostic> {
  for (const [index, { text, at }] of parameters.entries()) {
    const earlier = parameters.slice(0, index).find((each) => each.text === text);
    if (!earlier) continue;
    const related = [{ at: earlier.at, message: "declared here first" }];
    yield diagnosticAt("RC109", at, `the query parameter ${text} is declared twice`, { related });
  }
}

/** RC101: what the projection has not; RC403: what would read every row, and values that no row has. */
export function* checkList(list: ListModel, { set, projections }: DomainModel): Iterable<Diagnostic> {
  const { text: name, at } = list.projection;
  const projection = projections.find((each) => each.name === name);
  if (!projection) {
    const known = projections.map((each) => each.name);
    const suggestion = didYouMean(name, known);
    return yield diagnosticAt("RC101", at, `${set.domain} has no projection ${name}`, { suggestion });
  }
  // What its function lacks is reported there.
  if (!projection.code) return;
  const columns = new Columns(projection);
  for (const { column, test, testAt } of list.filters) {
    const found = columns.find(column);
    yield* "problem" in found ? [found.problem] : columns.untaken(found.column, test, testAt);
  }
  for (const { column, values, isList } of [...list.where, ...(list.hide?.columns ?? [])]) {
    const found = columns.find(column);
    if ("problem" in found) {
      yield found.problem;
      continue;
    }
    yield* columns.untaken(found.column, isList ? "any" : "equals", column.at);
    for (const value of values)
      if (value === null ? !found.column.nullable : !canHave(found.column, value))
        yield diagnosticAt("RC403", column.at, `${column.text} is never ${JSON.stringify(value)}`);
  }
  for (const column of list.sortable) {
    const found = columns.find(column);
    if ("problem" in found) yield found.problem;
    else if (!canSortBy(columns.keyed, found.column)) yield columns.unindexed(found.column, column.at, "btree");
  }
}

class Columns {
  readonly keyed: { readonly key: readonly string[] };
  readonly #projection: ProjectionModel;
  readonly #columns: readonly ColumnSpec[];

  constructor(projection: ProjectionModel) {
    this.#projection = projection;
    this.#columns = knownColumnsOf(projection);
    this.keyed = { key: projection.key.map(({ item }) => item) };
  }

  find({ text, at }: TextRef): { readonly column: ColumnSpec } | { readonly problem: Diagnostic } {
    const { name, live } = this.#projection;
    const column = this.#columns.find((each) => each.name === text);
    if (column) return { column };
    if (live.some((each) => each.column === text))
      return { problem: diagnosticAt("RC403", at, `${text} is a live column: these are only shown`) };
    const suggestion = didYouMean(
      text,
      this.#columns.map((each) => each.name),
    );
    return { problem: diagnosticAt("RC101", at, `the projection ${name} has no column ${text}`, { suggestion }) };
  }

  *untaken(column: ColumnSpec, test: RowTest, at: SourceRef): Iterable<Diagnostic> {
    const tests = testsOf(this.keyed, column);
    if (tests.length === 0) yield this.unindexed(column, at, column.type === "text[]" ? "gin" : "btree");
    else if (!tests.includes(test))
      yield diagnosticAt("RC403", at, `${column.name} takes no ${test}, but ${tests.join(", ")}`);
  }

  unindexed({ name }: ColumnSpec, at: SourceRef, kind: string): Diagnostic {
    const remedy = `index: { ${name}: ${kind} } in the projection, with another version`;
    return diagnosticAt("RC403", at, `${name} of ${this.#projection.name} has no index`, { remedy });
  }
}
