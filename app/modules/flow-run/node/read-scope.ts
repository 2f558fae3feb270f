import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { Scope, ScopeFlow } from "./scope-schema.ts";

const BYTES_MAX = 4 * 1024 * 1024;
const DISCOVERED = /\.flow\.ya?ml$/;

/** A scope file that can't be used: each line names the file, the line and what to do. */
export class ScopeError extends Error {
  override readonly name = "ScopeError";
}

/** @throws ScopeError with every problem at once */
export const readScope = (file: string): Scope => readYaml(file, Scope);

/**
 * The flows of a folder: a file `*.flow.yaml` each, in the order of their names.
 * @throws ScopeError
 */
export function discoverFlows(folder: string): readonly ScopeFlow[] {
  let names: readonly string[];
  try {
    names = readdirSync(folder).filter((name) => DISCOVERED.test(name));
  } catch (error) {
    throw new ScopeError(`${folder}: ${(error as Error).message}: name a folder with files *.flow.yaml`);
  }
  return [...names].sort().map((name) => readYaml(join(folder, name), ScopeFlow));
}

function readYaml<Schema extends z.ZodType>(file: string, schema: Schema): z.output<Schema> {
  const lines = new LineCounter();
  const document = parseDocument(textOf(file), { lineCounter: lines, strict: true, uniqueKeys: true });
  const at = (offset: number | undefined): string =>
    offset === undefined ? file : `${file}:${lines.linePos(offset).line}`;
  const [broken] = document.errors;
  if (broken) throw new ScopeError(`${at(broken.pos[0])}: not YAML: ${broken.message.split("\n")[0]}`);
  const { data, error } = schema.safeParse(valueOf(document, file));
  if (!error) return data;
  const problems = error.issues.map((issue) => {
    const { path, message } = deepest(issue);
    const shown = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
    return `${at(offsetOf(document, path))}: ${shown.replace(/^\./, "") || "the file"}: ${remedyOf(issue, message)}`;
  });
  throw new ScopeError(problems.join("\n"));
}

const valueOf = (document: ReturnType<typeof parseDocument>, file: string): unknown => {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new ScopeError(`${file}: ${(error as Error).message}: write it out`);
  }
};

function textOf(file: string): string {
  try {
    const bytes = readFileSync(file);
    if (bytes.length > BYTES_MAX) throw new Error(`${bytes.length} bytes: ${BYTES_MAX} at most`);
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new ScopeError(`${file}: ${(error as Error).message}: name a scope file that can be read`);
  }
}

/** Of alternatives the one that came nearest says most. */
function deepest(issue: z.core.$ZodIssue): { readonly path: readonly PropertyKey[]; readonly message: string } {
  if (issue.code !== "invalid_union" || issue.message !== "Invalid input") return issue;
  const inner = issue.errors.flat().toSorted((a, b) => b.path.length - a.path.length)[0];
  return inner ? { path: [...issue.path, ...inner.path], message: inner.message } : issue;
}

const remedyOf = (issue: z.core.$ZodIssue, message: string): string =>
  issue.code === "invalid_type" && message.endsWith("undefined")
    ? "missing: add it"
    : issue.code === "unrecognized_keys"
      ? `${message}: take it out, or correct its name`
      : message;

/** Where it stands, or what should have it. */
function offsetOf(document: ReturnType<typeof parseDocument>, path: readonly PropertyKey[]): number | undefined {
  for (let length = path.length; length >= 0; length--) {
    const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    const range = (node as { readonly range?: readonly number[] } | null | undefined)?.range;
    if (range) return range[0];
  }
  return undefined;
}
