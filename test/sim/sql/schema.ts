import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Table, type TableSchema } from "./tables.ts";

/** The tables that the migrations make: names, types, keys, defaults. Indexes make nothing different but faster. */
export function schemasIn(directories: readonly string[]): TableSchema[] {
  const tables = new Map<string, TableSchema>();
  for (const directory of directories)
    for (const file of readdirSync(directory)
      .filter((name) => name.endsWith(".sql"))
      .sort())
      for (const statement of statementsOf(readFileSync(join(directory, file), "utf8"))) read(statement, tables);
  return [...tables.values()];
}

export const tablesOf = (schemas: readonly TableSchema[]): Map<string, Table> =>
  new Map(schemas.map((schema) => [schema.name, new Table(schema)]));

const statementsOf = (text: string): string[] =>
  text
    .replace(/--[^\n]*/g, "")
    .split(";")
    .map((statement) => statement.replace(/\s+/g, " ").trim())
    .filter((statement) => statement !== "");

function read(statement: string, tables: Map<string, TableSchema>): void {
  const created = /^create table (?:if not exists )?(?:rollcall\.)?(\w+) \((.*)\)$/.exec(
    statement.replace(/ (partition by|with \().*$/, ""),
  );
  if (created) {
    const [, name = "", body = ""] = created;
    const schema: TableSchema = { name, columns: [], unique: [], checks: [] };
    for (const part of partsOf(body)) readPart(part, schema);
    tables.set(name, schema);
    return;
  }
  const altered = /^alter table (?:rollcall\.)?(\w+) (.*)$/.exec(statement);
  if (altered) {
    const schema = tables.get(altered[1] ?? "");
    if (!schema) throw new Error(`no table for: ${statement}`);
    for (const part of partsOf(altered[2] ?? "")) {
      const column = /^add column (?:if not exists )?(.*)$/.exec(part)?.[1];
      if (column !== undefined) readPart(column, schema);
      else if (!/^(set|enable|owner|alter column \w+ set storage)/.test(part))
        throw new Error(`the simulation can't follow the migration: ${part}`);
    }
    return;
  }
  const unique = /^create unique index \w+ on (?:rollcall\.)?(\w+) \(([^)]*)\)$/.exec(statement);
  if (unique) tables.get(unique[1] ?? "")?.unique.push(namesIn(unique[2] ?? ""));
}

const namesIn = (list: string): string[] => list.split(",").map((name) => name.trim().replaceAll('"', ""));

function readPart(part: string, schema: TableSchema): void {
  const key = /^(?:constraint \w+ )?(primary key|unique) \(([^)]*)\)$/.exec(part);
  if (key)
    return void (key[1] === "unique"
      ? schema.unique.push(namesIn(key[2] ?? ""))
      : schema.unique.unshift(namesIn(key[2] ?? "")));
  if (/^(constraint \w+ )?check/.test(part)) return void schema.checks.push(part);
  const [, name = "", type = "", rest = ""] = /^"?(\w+)"? (\w+)(.*)$/.exec(part) ?? [];
  const isKey = rest.includes("primary key");
  schema.columns.push({
    name,
    type,
    notNull: isKey || rest.includes("not null"),
    default: / default (now\(\)|'[^']*'(?:::\w+)?|[\w.]+)/.exec(rest)?.[1],
  });
  const check = / check \((.*)\)/.exec(rest)?.[1];
  if (check !== undefined) schema.checks.push(check);
  if (isKey) schema.unique.unshift([name]);
  else if (rest.includes(" unique")) schema.unique.push([name]);
}

/** Split at the commas that lie in no parentheses. */
function partsOf(body: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let since = 0;
  for (let i = 0; i <= body.length; i++) {
    if (body[i] === "(") depth++;
    if (body[i] === ")") depth--;
    if (i < body.length && (body[i] !== "," || depth > 0)) continue;
    parts.push(body.slice(since, i).trim());
    since = i + 1;
  }
  return parts.filter((part) => part !== "");
}
