import { isMap, isScalar, type Document } from "yaml";
import { contractContradictions } from "./contradictions.ts";
import { didYouMean } from "../diagnostics/did-you-mean.ts";
import { followPath } from "./source-text.ts";
import { flattenIssues, issueDiagnostic, valueAt } from "./schema-issues.ts";
import { CONTRACT_SCHEMAS, type Contract } from "../language/schema.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import {
  type ContractPath,
  type ContractPlaces,
  diagnosticAt,
  keyRef,
  type SourceRef,
  sourceRef,
} from "./contract-source.ts";
import { z } from "zod";

type Kind = keyof typeof CONTRACT_SCHEMAS;
const KINDS = Object.keys(CONTRACT_SCHEMAS) as Kind[];
/** Renaming a key may show misspelt keys below it; a contract is not that deep. */
const KEY_CORRECTION_ROUNDS_MAX = 8;

/**
 * Reads a document as a contract: RC005 to RC010. A misspelt key is reported and then read as the key that was
 * meant, also by the places (the document's node is renamed), so that one mistake is one diagnostic. No contract when
 * a key is missing or has the wrong type: nothing can be checked against it.
 */
export function parseContract(
  document: Document.Parsed,
  source: ContractPlaces,
): { readonly contract?: Contract; readonly problems: readonly Diagnostic[] } {
  if (!isMap(document.contents))
    return { problems: [diagnosticAt("RC007", sourceRef(source), "a contract is a map of keys and values")] };
  const problems = [...renameMisspeltNodeType(document, source)];
  for (let round = 0; ; round++) {
    const data = normalizeOnexNames(document.toJS({ maxAliasCount: -1 }));
    const { kind, problem } = kindOf(data, sourceRef(source, "node_type"));
    const issues = flattenIssues(CONTRACT_SCHEMAS[kind].safeParse(data).error?.issues ?? []);
    const unknown = unknownKeys(kind, issues, data);
    const renamed = unknown.filter((each) => round < KEY_CORRECTION_ROUNDS_MAX && renameKey(document, each));
    // From here on the file's key has the name that was meant.
    problems.push(...renamed.map((each) => unknownKeyDiagnostic(source, each, each.meant)));
    if (renamed.length > 0) continue;
    const schemaProblems = issues
      .filter(({ code, path }) => code !== "unrecognized_keys" && !(problem && path[0] === "node_type"))
      .map((issue) => issueDiagnostic(issue, data, source));
    problems.push(...unknown.map((each) => unknownKeyDiagnostic(source, each)), ...(problem ? [problem] : []));
    problems.push(...schemaProblems, ...contractContradictions(data, source));
    const usable = !problem && !schemaProblems.some(({ code }) => code === "RC006" || code === "RC007");
    return { ...(usable && { contract: withoutKeys(data, unknown) as Contract }), problems };
  }
}

/** A key that the language does not have in the map at the path, and the one that was probably meant. */
interface UnknownKey {
  readonly path: ContractPath;
  readonly key: string;
  readonly meant: string | undefined;
}

function renameMisspeltNodeType(document: Document.Parsed, source: ContractPlaces): readonly Diagnostic[] {
  if (!isMap(document.contents) || document.contents.has("node_type")) return [];
  const keys = document.contents.items.flatMap(({ key }) => (isScalar(key) ? [String(key.value)] : []));
  const key = didYouMean(
    "node_type",
    keys.filter((each) => !["name", "domain"].includes(each)),
  );
  if (key === undefined) return [];
  const misspelt = { path: [], key, meant: "node_type" };
  renameKey(document, misspelt);
  return [unknownKeyDiagnostic(source, misspelt, "node_type")];
}

/**
 * The kind to read a contract as. Where its own word is none, the one that fits best: all the rest is still checked.
 */
function kindOf(data: unknown, at: SourceRef): { kind: Kind; problem?: Diagnostic } {
  const declared = valueAt(data, at.path);
  const exact = KINDS.find((kind) => kind === declared);
  if (exact) return { kind: exact };
  const issueCount = (kind: Kind) => CONTRACT_SCHEMAS[kind].safeParse(data).error?.issues.length ?? 0;
  const suggestion = typeof declared === "string" ? didYouMean(declared, KINDS) : undefined;
  const kind = KINDS.find((each) => each === suggestion) ?? KINDS.toSorted((a, b) => issueCount(a) - issueCount(b))[0]!;
  if (declared === undefined) return { kind, problem: diagnosticAt("RC006", at, "the key node_type is missing") };
  if (typeof declared !== "string") return { kind, problem: diagnosticAt("RC007", at, "expected a text") };
  const message = `"${declared}" is not a kind of contract: ${KINDS.join(", ")}`;
  return { kind, problem: diagnosticAt("RC010", at, message, { suggestion }) };
}

const unknownKeys = (kind: Kind, issues: ReturnType<typeof flattenIssues>, data: unknown): readonly UnknownKey[] =>
  issues.flatMap((issue) => {
    if (issue.code !== "unrecognized_keys") return [];
    const path = issue.path as ContractPath;
    const free = keysAt(CONTRACT_SCHEMAS[kind], path).filter((key) => valueAt(data, [...path, key]) === undefined);
    return issue.keys.map((key) => ({ path, key, meant: didYouMean(key, free) }));
  });

/** @param now what the file's node is called by now */
function unknownKeyDiagnostic(source: ContractPlaces, { path, key, meant }: UnknownKey, now = key): Diagnostic {
  const message = key === "<<" ? "merge keys are not part of the language: write the keys out" : `unknown key ${key}`;
  return diagnosticAt("RC005", keyRef(source, ...path, now), message, { suggestion: meant });
}

/** Whether it could be: the key that was meant may be there too. */
function renameKey(document: Document.Parsed, { path, key, meant }: UnknownKey): boolean {
  if (meant === undefined || followPath(document, [...path, meant])[1] > path.length) return false;
  const [{ key: node }, walked] = followPath(document, [...path, key]);
  if (walked <= path.length || !isScalar(node)) return false;
  node.value = meant;
  return true;
}

function withoutKeys(data: unknown, unknown: readonly UnknownKey[]): unknown {
  for (const { path, key } of unknown) delete (valueAt(data, path) as Record<string, unknown>)[key];
  return data;
}

type Schema = z.core.$ZodType;

/** The keys that the language knows at a path of a contract; none where it has no map. */
function keysAt(schema: Schema, path: ContractPath): readonly string[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return keysAt(schema.unwrap(), path);
  if (schema instanceof z.ZodUnion)
    return (schema.options as readonly Schema[]).flatMap((option) => keysAt(option, path));
  const [step, ...rest] = path;
  if (schema instanceof z.ZodArray) return step === undefined ? [] : keysAt(schema.element as Schema, rest);
  if (schema instanceof z.ZodRecord) return step === undefined ? [] : keysAt(schema.valueType, rest);
  if (!(schema instanceof z.ZodObject)) return [];
  const shape = schema.shape as Readonly<Record<string, Schema>>;
  if (step === undefined) return Object.keys(shape);
  const next = Object.hasOwn(shape, step) ? shape[step] : undefined;
  return next ? keysAt(next, rest) : [];
}

const EVENT_KEYS = new Set(["event_type", "trigger", "output_events", "renewed_by", "raises", "started_by"]);

/** `ModelOrderPlaced` is how ONEX calls the payload type OrderPlaced, also inside of a pattern and of alternatives. */
const stripModelPrefix = (name: string): string => name.replace(/(^|\(|\| *)Model(?=[A-Z])/g, "$1");

/**
 * Brings a fragment that was written for ONEX into this language's words: no `Model` before an event's name, no
 * `_GENERIC` behind a kind. Works on plain values, so that places still point at the file's own text.
 */
function normalizeOnexNames(value: unknown, key = "", parentKey = ""): unknown {
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
