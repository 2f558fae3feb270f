import {
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  type Alias,
  type Document,
  type Node,
  type Scalar,
} from "yaml";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { SourceText } from "./source-text.ts";

/** More than the parts of a contract that a person wrote; aliases are counted with all that they stand for. */
const ALIASED_NODES_MAX = 1_000;

export interface UnsupportedYaml {
  readonly problems: readonly Diagnostic[];
  /** Whether walking the document's values would not end, or not soon. */
  readonly hasUnboundedValues: boolean;
}

/**
 * What YAML takes but the language does not: tags, merge keys, aliases of nothing, of themselves or of too much, and
 * integers that two readers may read as two numbers.
 */
export function findUnsupportedYaml(source: SourceText, document: Document.Parsed): UnsupportedYaml {
  const problems: Diagnostic[] = [];
  const report = (code: string, message: string, node: Node) => {
    const [start, end] = node.range ?? [0, 0, 0];
    problems.push(source.error(code, message, start, end));
  };
  let hasUnboundedValues = false;
  // Resolved here, once: `Alias.resolve` searches the whole document each time.
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  for (const node of nodesOf(document.contents)) {
    if (node.tag !== undefined) {
      problems.push(
        source.error("RC001", `the tag ${node.tag}: contracts have no tags`, ...tagRange(source.text, node)),
      );
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
  const bomb = hasUnboundedValues ? undefined : findAliasBomb(document.contents, targets);
  if (bomb) report("RC003", bomb.message, bomb.alias);
  return { problems, hasUnboundedValues: hasUnboundedValues || bomb !== undefined };
}

/** Every node as written, keys included; aliases are not followed. Depth was bounded before. */
export function* nodesOf(node: unknown): Generator<Node> {
  if (isPair(node)) {
    yield* nodesOf(node.key);
    yield* nodesOf(node.value);
    return;
  }
  if (!isScalar(node) && !isAlias(node) && !isCollection(node)) return;
  yield node;
  if (isCollection(node)) for (const item of node.items) yield* nodesOf(item);
}

function checkNumber(node: Scalar, say: (code: string, message: string, node: Node) => void): void {
  if (typeof node.value !== "number" || node.source === undefined || node.type !== "PLAIN") return;
  if (/^[-+]?0[0-9]/.test(node.source)) say("RC007", `${node.source} has a leading zero: is it octal?`, node);
  else if (/^0[xo]/.test(node.source)) say("RC007", `${node.source}: numbers are decimal`, node);
  else if (/^[-+]?[0-9]+$/.test(node.source) && !Number.isSafeInteger(node.value))
    say("RC010", `${node.source} is over 2^53: some parsers lose its precision`, node);
}

function tagRange(text: string, node: Node): readonly [number, number] {
  const end = node.range?.[0] ?? 0;
  let start = Math.max(0, text.lastIndexOf("!", end));
  while (text[start - 1] === "!") start--;
  return [start, end];
}

/** The alias at which what aliases stand for becomes too much, or that refers to a node that contains it. */
function findAliasBomb(
  contents: unknown,
  targets: ReadonlyMap<Alias, Node>,
): { alias: Alias; message: string } | undefined {
  let count = 0;
  const open = new Set<unknown>();
  const walk = (node: unknown, under: Alias | undefined): { alias: Alias; message: string } | undefined => {
    if (under && ++count > ALIASED_NODES_MAX)
      return { alias: under, message: `aliases expand to more than ${ALIASED_NODES_MAX} nodes` };
    if (isAlias(node)) {
      const target = targets.get(node);
      if (open.has(target)) return { alias: node, message: `${node.source} refers to a node that contains it` };
      return walk(target, under ?? node);
    }
    if (!isCollection(node)) return undefined;
    open.add(node);
    const parts = isMap(node) ? node.items.flatMap(({ key, value }) => [key, value]) : node.items;
    for (const part of parts) {
      const found = walk(part, under);
      if (found) return found;
    }
    open.delete(node);
    return undefined;
  };
  return walk(contents, undefined);
}
