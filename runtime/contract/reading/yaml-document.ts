import {
  type Alias,
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  Lexer,
  type Node,
  parseAllDocuments,
  Parser,
  type Scalar,
  visit,
  type YAMLError,
} from "yaml";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { SourceText } from "./source-text.ts";

const DEPTH_MAX = 32;
/** Composing looks each key up among its neighbours: with the square of a map's size. A contract has a few thousand. */
const TOKENS_MAX = 50_000;
const COLLECTION_TOKENS: ReadonlySet<string> = new Set(["block-map", "block-seq", "flow-collection"]);

/** One file's YAML; no document when it can't be checked any further. */
export interface ParsedYaml {
  readonly source: SourceText;
  readonly document?: Document.Parsed;
  readonly problems: readonly Diagnostic[];
}

/** Reads a file's YAML: RC001 to RC003, and values that YAML takes but the language does not. */
export function parseYaml(file: string, text: string): ParsedYaml {
  const source = new SourceText(file, text);
  const invalidCharacter = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f\uFFFD]/.exec(text);
  if (invalidCharacter) {
    const what = invalidCharacter[0] === "\uFFFD" ? "not UTF-8" : "a control character";
    return {
      source,
      problems: [source.error("RC001", `not YAML: ${what}`, invalidCharacter.index, invalidCharacter.index + 1)],
    };
  }
  const sizeViolation = checkSize(source);
  if (sizeViolation) return { source, problems: [sizeViolation] };

  const options = { prettyErrors: false, stringKeys: true, resolveKnownTags: false, logLevel: "silent" } as const;
  const documents = parseAllDocuments(text, options);
  const [document, second] = Array.isArray(documents) ? documents : [];
  if (!document) return { source, problems: [source.error("RC001", "no contract: the file is empty", 0, 0)] };

  const problems = [...document.errors, ...document.warnings]
    .filter(({ code }) => code !== "TAG_RESOLVE_FAILED")
    .map((error) => toDiagnostic(source, document, error));
  if (second) {
    const start = text.indexOf("---", second.range[0]);
    const at = start < 0 ? second.range[0] : start;
    problems.push(source.error("RC001", "a file holds exactly one document", at, at + 3));
  }
  const directive = document.directives.yaml;
  if (directive.explicit && directive.version !== "1.2")
    problems.push(source.error("RC001", "a contract is YAML 1.2", 0, 1));
  const fatal = document.errors.some(({ code }) => code !== "DUPLICATE_KEY" && code !== "TAG_RESOLVE_FAILED");
  if (fatal) return { source, problems };
  const nodes = findUnsupportedYaml(source, document);
  return { source, ...(nodes.hasUnboundedValues ? {} : { document }), problems: [...problems, ...nodes.problems] };
}

/**
 * The parser keeps its own stack of open collections, but what composes nodes from it recurses: so depth is read off
 * the stack before anything is composed.
 */
function checkSize(source: SourceText): Diagnostic | undefined {
  const parser = new Parser();
  let tokens = 0;
  for (const lexeme of new Lexer().lex(source.text)) {
    for (const _token of parser.next(lexeme));
    const depth = parser.stack.filter(({ type }) => COLLECTION_TOKENS.has(type)).length;
    const [start, end] = [parser.offset - lexeme.length, parser.offset];
    if (++tokens > TOKENS_MAX) return source.error("RC003", `more than ${TOKENS_MAX} tokens`, start, end);
    if (depth > DEPTH_MAX) return source.error("RC003", `deeper than ${DEPTH_MAX} levels`, start, end);
  }
  return undefined;
}

/** An unclosed quote is noticed at the file's end; its beginning is what helps. */
function unclosedScalarStart(document: Document.Parsed, end: number): number | undefined {
  const open = nodesOf(document).findLast(({ range }) => range && range[0] < end && range[1] >= end - 1);
  return open?.range?.[0];
}

function toDiagnostic(source: SourceText, document: Document.Parsed, error: YAMLError): Diagnostic {
  const [start, end] = error.pos;
  const quoted = /quote$/.test(error.message) ? unclosedScalarStart(document, end) : undefined;
  if (quoted) return source.error("RC001", "not YAML: unclosed quote", quoted, quoted + 1);
  if (error.code === "DUPLICATE_KEY") {
    const key = /^[^\s:,}]+/.exec(source.text.slice(start))?.[0] ?? "";
    return source.error("RC002", `the key ${key} is given twice in this map`, start, start + key.length);
  }
  return source.error("RC001", `not YAML: ${error.message}`, start, end);
}

/** More than the parts of a contract that a person wrote; aliases are counted with all that they stand for. */
const ALIASED_NODES_MAX = 1_000;

/**
 * What YAML takes but the language does not: tags, merge keys, aliases of nothing, of themselves or of too much, and
 * integers that two readers may read as two numbers. And whether walking the document's values would not end, or not
 * soon.
 */
function findUnsupportedYaml(source: SourceText, document: Document.Parsed) {
  const problems: Diagnostic[] = [];
  const report: Report = (code, message, node) => {
    const [start, end] = node.range ?? [0, 0];
    problems.push(source.error(code, message, start, end));
  };
  let hasUnboundedValues = false;
  // Resolved here, once: `Alias.resolve` searches the whole document each time.
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  for (const node of nodesOf(document)) {
    if (node.tag !== undefined) {
      const message = `the tag ${node.tag}: contracts have no tags`;
      problems.push(source.error("RC001", message, ...tagRange(source.text, node)));
    }
    if (isScalar(node)) checkNumber(node, report);
    if (!isAlias(node)) {
      if (node.anchor !== undefined) anchors.set(node.anchor, node);
    } else if (anchors.has(node.source)) targets.set(node, anchors.get(node.source)!);
    else {
      hasUnboundedValues = true;
      report("RC001", `not YAML: there is no anchor ${node.source}`, node);
    }
  }
  return { problems, hasUnboundedValues: hasUnboundedValues || hasAliasBomb(document, targets, report) };
}

type Report = (code: string, message: string, node: Node) => void;

/** Every node as written, keys included; aliases are not followed. Depth was bounded before. */
function nodesOf(document: Document): readonly Node[] {
  const nodes: Node[] = [];
  visit(document, { Node: (_, node) => void nodes.push(node) });
  return nodes;
}

function checkNumber(node: Scalar, report: Report): void {
  if (typeof node.value !== "number" || node.source === undefined || node.type !== "PLAIN") return;
  if (/^[-+]?0[0-9]/.test(node.source)) report("RC007", `${node.source} has a leading zero: is it octal?`, node);
  else if (/^0[xo]/.test(node.source)) report("RC007", `${node.source}: numbers are decimal`, node);
  else if (/^[-+]?[0-9]+$/.test(node.source) && !Number.isSafeInteger(node.value))
    report("RC010", `${node.source} is over 2^53: some parsers lose its precision`, node);
}

function tagRange(text: string, node: Node): readonly [number, number] {
  const end = node.range?.[0] ?? 0;
  let start = Math.max(0, text.lastIndexOf("!", end));
  while (text[start - 1] === "!") start--;
  return [start, end];
}

/** Reports the alias at which what aliases stand for becomes too much, or that refers to a node that contains it. */
function hasAliasBomb({ contents }: Document, targets: ReadonlyMap<Alias, Node>, report: Report): boolean {
  let count = 0;
  const open = new Set<unknown>();
  const isBomb = (node: unknown, under: Alias | undefined): boolean => {
    if (under && ++count > ALIASED_NODES_MAX) {
      report("RC003", `aliases expand to more than ${ALIASED_NODES_MAX} nodes`, under);
      return true;
    }
    if (isAlias(node)) {
      const target = targets.get(node);
      if (!open.has(target)) return isBomb(target, under ?? node);
      report("RC003", `${node.source} refers to a node that contains it`, node);
      return true;
    }
    if (!isCollection(node)) return false;
    open.add(node);
    const parts = isMap(node) ? node.items.flatMap(({ key, value }) => [key, value]) : node.items;
    if (parts.some((part) => isBomb(part, under))) return true;
    open.delete(node);
    return false;
  };
  return isBomb(contents, undefined);
}
