import { isMap, isScalar, type Document } from "yaml";
import { contractContradictions } from "./contradictions.ts";
import { didYouMean } from "../diagnostics/did-you-mean.ts";
import { pairAt } from "./source-text.ts";
import { toContentProblem, flattenIssues, valueAt, type ContentProblem } from "./schema-issues.ts";
import { CONTRACT_SCHEMAS, type Contract } from "../language/schema.ts";
import type { ContractPath } from "./contract-source.ts";
import { z } from "zod";

type Kind = keyof typeof CONTRACT_SCHEMAS;
const KINDS = Object.keys(CONTRACT_SCHEMAS) as Kind[];
/** Renaming a key may show misspelt keys below it; a contract is not that deep. */
const KEY_CORRECTION_ROUNDS_MAX = 8;

export interface ParsedContract {
  /** Undefined when a key is missing or has the wrong type: nothing can be checked against such a contract. */
  readonly contract?: Contract;
  readonly problems: readonly ContentProblem[];
}

/**
 * Reads a document as a contract: RC005 to RC010. A misspelt key is reported and then read as the key that was
 * meant, also by `locate` (the document's node is renamed), so that one mistake is one diagnostic.
 */
export function parseContract(document: Document.Parsed): ParsedContract {
  if (!isMap(document.contents))
    return { problems: [{ code: "RC007", message: "a contract is a map of keys and values", path: [] }] };
  const problems = [...renameMisspeltNodeType(document)];
  for (let round = 0; ; round++) {
    const data = normalizeOnexNames(document.toJS({ maxAliasCount: -1 }));
    const { kind, problem } = kindOf(data);
    const issues = flattenIssues(CONTRACT_SCHEMAS[kind].safeParse(data).error?.issues ?? []);
    const unknown = unknownKeys(kind, issues, data);
    const misspelt = unknown.filter(({ suggestion }) => round < KEY_CORRECTION_ROUNDS_MAX && suggestion !== undefined);
    const renamed = misspelt.filter(({ path, suggestion = "" }) => renameKey(document, path, suggestion));
    // From here on the file's key has the name that was meant.
    problems.push(...renamed.map((each) => ({ ...each, path: [...each.path.slice(0, -1), each.suggestion ?? ""] })));
    if (renamed.length > 0) continue;
    const schemaProblems = issues
      .filter(({ code, path }) => code !== "unrecognized_keys" && !(problem && path[0] === "node_type"))
      .map((issue) => toContentProblem(issue, data));
    problems.push(...unknown, ...(problem ? [problem] : []), ...schemaProblems, ...contractContradictions(data));
    const usable = !problem && !schemaProblems.some(({ code }) => code === "RC006" || code === "RC007");
    return { ...(usable ? { contract: withoutKeys(data, unknown) as Contract } : {}), problems };
  }
}

function renameMisspeltNodeType(document: Document.Parsed): readonly ContentProblem[] {
  if (!isMap(document.contents) || document.contents.has("node_type")) return [];
  const keys = document.contents.items.flatMap(({ key }) => (isScalar(key) ? [String(key.value)] : []));
  const meant = didYouMean(
    "node_type",
    keys.filter((key) => !["name", "domain"].includes(key)),
  );
  if (meant === undefined) return [];
  renameKey(document, [meant], "node_type");
  return [unknownKey(["node_type"], meant, "node_type")];
}

/**
 * The kind to read a contract as. Where its own word is none, the one that fits best: all the rest is still checked.
 */
function kindOf(data: unknown): { kind: Kind; problem?: ContentProblem } {
  const declared = valueAt(data, ["node_type"]);
  const exact = KINDS.find((kind) => kind === declared);
  if (exact) return { kind: exact };
  const issueCount = (kind: Kind) => CONTRACT_SCHEMAS[kind].safeParse(data).error?.issues.length ?? 0;
  const suggested = typeof declared === "string" ? didYouMean(declared, KINDS) : undefined;
  const kind = KINDS.find((each) => each === suggested) ?? KINDS.toSorted((a, b) => issueCount(a) - issueCount(b))[0]!;
  const path = ["node_type"];
  if (declared === undefined)
    return { kind, problem: { code: "RC006", message: "the key node_type is missing", path } };
  if (typeof declared !== "string") return { kind, problem: { code: "RC007", message: "expected a text", path } };
  const message = `"${declared}" is not a kind of contract: ${KINDS.join(", ")}`;
  return {
    kind,
    problem: { code: "RC010", message, path, ...(suggested === undefined ? {} : { suggestion: suggested }) },
  };
}

type Issues = ReturnType<typeof flattenIssues>;

function unknownKeys(kind: Kind, issues: Issues, data: unknown): readonly ContentProblem[] {
  return issues.flatMap((issue) => {
    if (issue.code !== "unrecognized_keys") return [];
    const path = issue.path as ContractPath;
    const free = keysAt(CONTRACT_SCHEMAS[kind], path).filter((key) => valueAt(data, [...path, key]) === undefined);
    return issue.keys.map((key) => unknownKey([...path, key], key, didYouMean(key, free)));
  });
}

function unknownKey(path: ContractPath, key: string, suggestion: string | undefined): ContentProblem {
  const message = key === "<<" ? "merge keys are not part of the language: write the keys out" : `unknown key ${key}`;
  return { code: "RC005", message, path, part: "key", ...(suggestion === undefined ? {} : { suggestion }) };
}

function renameKey(document: Document.Parsed, path: ContractPath, name: string): boolean {
  const pair = pairAt(document, path.slice(0, -1), String(path.at(-1)));
  if (!pair || !isScalar(pair.key) || pairAt(document, path.slice(0, -1), name)) return false;
  pair.key.value = name;
  return true;
}

function withoutKeys(data: unknown, unknown: readonly ContentProblem[]): unknown {
  for (const { path } of unknown) {
    const map = valueAt(data, path.slice(0, -1)) as Record<string, unknown>;
    delete map[String(path.at(-1))];
  }
  return data;
}

type Schema = z.core.$ZodType;

function unwrap(schema: Schema): Schema {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodNullable ? unwrap(schema.unwrap()) : schema;
}

/** The keys that the language knows at a path of a contract; none where it has no map. */
export function keysAt(schema: Schema, path: ContractPath): readonly string[] {
  const here = unwrap(schema);
  if (here instanceof z.ZodUnion) return (here.options as readonly Schema[]).flatMap((option) => keysAt(option, path));
  const [step, ...rest] = path;
  if (here instanceof z.ZodArray) return step === undefined ? [] : keysAt(here.element as Schema, rest);
  if (!(here instanceof z.ZodObject)) return [];
  const shape = here.shape as Readonly<Record<string, Schema>>;
  if (step === undefined) return Object.keys(shape);
  const next = Object.hasOwn(shape, step) ? shape[step] : undefined;
  return next ? keysAt(next, rest) : [];
}

const EVENT_KEYS = new Set(["event_type", "trigger", "output_events", "renewed_by", "raises", "started_by"]);

/** `ModelOrderPlaced` is how ONEX calls the payload type OrderPlaced, also inside of a pattern. */
const stripModelPrefix = (name: string): string => name.replace(/(^|\()Model(?=[A-Z])/, "$1");

/**
 * Brings a fragment that was written for ONEX into this language's words: no `Model` before an event's name, no
 * `_GENERIC` behind a kind. Works on plain values, so that places still point at the file's own text.
 */
export function normalizeOnexNames(value: unknown, key = "", parentKey = ""): unknown {
  if (key === "metadata" && parentKey === "") return value;
  if (typeof value === "string") {
    if (key === "node_type") return value.replace(/_GENERIC$/, "");
    return EVENT_KEYS.has(key) || (key === "name" && parentKey === "event_model") ? stripModelPrefix(value) : value;
  }
  if (Array.isArray(value)) return value.map((item) => normalizeOnexNames(item, key, parentKey));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([inner, each]) => [inner, normalizeOnexNames(each, inner, key)]),
  );
}
