import { didYouMean } from "../diagnostics/did-you-mean.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { DomainModel, ProjectionModel } from "../model/domain-model.ts";
import { columnsOf, type ShapeColumn } from "../model/row-columns.ts";
import { versionsOf } from "../model/read-projections.ts";
import { ownKeyOf } from "../model/projection-keys.ts";
import { diagnosticAt, type SourceRef } from "../reading/contract-source.ts";
import type { ColumnType, RowKind } from "../../core/projection.ts";

/** RC131: the contract of a projection and its code, or its columns, that do not fit. */
export function* checkProjections(model: DomainModel): Iterable<Diagnostic> {
  for (const projection of model.projections) {
    yield* unknownMessages(model, projection);
    if (projection.function.unknown) continue;
    const { code } = projection;
    if (!code) {
      yield otherKind(model, projection);
      continue;
    }
    if (code.version !== projection.version) yield otherVersion(model, projection);
    yield* checkColumns(projection, columnsOf(code.shape));
  }
}

/** What each kind's function is made with. */
const MADE_WITH: Readonly<Record<RowKind, string>> = { row: "row", rows: "rows", log: "logRow" };

function otherKind({ code }: DomainModel, { function: name, kind }: ProjectionModel): Diagnostic {
  const made = MADE_WITH[versionsOf(code.rows ?? {}, name.name)[0]?.kind ?? "row"];
  const message = `${name.name} is made with ${made}(), and stands under ${kind}, which takes ${MADE_WITH[kind]}()`;
  return diagnosticAt("RC131", name.at, message);
}

function otherVersion(
  { code: { rows = {} } }: DomainModel,
  { name, version, versionAt, function: { name: code } }: ProjectionModel,
) {
  const inCode = versionsOf(rows, code).map((each) => each.version);
  const message = `${name} is version ${version}, and ${code} in code is version ${inCode.join(" and ")}`;
  const remedy = "raise both with each change of the rows: another version is another table";
  return diagnosticAt("RC131", versionAt, message, { remedy });
}

/** Of a log: only what is read from the bus is there to be logged. */
function* unknownMessages({ consumed }: DomainModel, { log }: ProjectionModel): Iterable<Diagnostic> {
  for (const event of log?.of ?? []) {
    if (event.unknown || consumed.some(({ name }) => name === event.name)) continue;
    yield diagnosticAt("RC102", event.at, `${event.name} is not consumed: a log is of messages from the bus`);
  }
}

function* checkColumns(projection: ProjectionModel, columns: readonly ShapeColumn[]): Iterable<Diagnostic> {
  const { key, index, live, function: code } = projection;
  const own = ownKeyOf(projection);
  for (const column of columns) {
    if ("problem" in column) yield diagnosticAt("RC131", code.at, `column ${column.name}: ${column.problem}`);
    const filled = own.find(({ item }) => item === column.name);
    if (filled)
      yield diagnosticAt("RC131", filled.at, `the runtime fills ${column.name}: ${code.name}'s shape leaves it out`);
    if (column.name.startsWith(RESERVED))
      yield diagnosticAt("RC131", code.at, `column ${column.name}: names beginning with ${RESERVED} are the runtime's`);
  }
  const typed = columns.filter((column) => "type" in column);
  const find = (name: string) => typed.find((column) => column.name === name);
  const known = columns.map(({ name }) => name);
  for (const { item, at } of key.slice(own.length)) {
    const column = find(item);
    if (!known.includes(item)) yield unknownColumn(item, at, projection, known);
    else if (column && (column.nullable || !IN_KEY.includes(column.type)))
      yield diagnosticAt("RC131", at, `${item} can't tell rows apart: a key is of texts and integers, never null`);
  }
  const twice = key.find(({ item }, at) => key.findIndex((other) => other.item === item) < at);
  if (twice) yield diagnosticAt("RC131", twice.at, `the key has ${twice.item} twice`);
  for (const { column, value, at, valueAt } of index) {
    const type = find(column)?.type;
    if (own.some(({ item }) => item === column))
      yield diagnosticAt("RC131", at, `${column} is the key's: it has its index`);
    else if (!known.includes(column)) yield unknownColumn(column, at, projection, known);
    else if (type && !TAKES[value].includes(type))
      yield diagnosticAt(
        "RC131",
        valueAt,
        `${value} takes no ${type}: gin is for lists of texts, btree for single values`,
      );
  }
  for (const { column, at } of live)
    if ([...known, ...own.map(({ item }) => item)].includes(column))
      yield diagnosticAt("RC131", at, `${column} is a column of the rows already: call the live one otherwise`);
}

const RESERVED = "rollcall_";
const IN_KEY: readonly ColumnType[] = ["text", "bigint"];
const TAKES: Readonly<Record<"btree" | "gin", readonly ColumnType[]>> = {
  btree: ["text", "bigint", "float8", "boolean", "timestamptz"],
  gin: ["text[]"],
};

function unknownColumn(
  name: string,
  at: SourceRef,
  { function: code }: ProjectionModel,
  known: readonly string[],
): Diagnostic {
  const suggestion = didYouMean(name, known);
  return diagnosticAt("RC131", at, `${code.name}'s shape has no column ${name}`, { suggestion });
}
