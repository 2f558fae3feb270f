import { isAlias, isMap, isNode, isScalar, isSeq, type Document, type Node, type Pair } from "yaml";
import type { ContractPath, SourceSpan } from "./contract-source.ts";
import type { SourceText } from "./source-text.ts";

const resolveAlias = (document: Document, node: unknown): unknown => (isAlias(node) ? node.resolve(document) : node);

/** The map at a path, and the pair of one of its keys. With a key twice the last one counts, as it does for values. */
export function pairAt(document: Document, path: ContractPath, key: string): Pair | undefined {
  const [node, walked] = walk(document, path);
  const map = walked === path.length ? resolveAlias(document, node?.value) : undefined;
  return isMap(map) ? map.items.findLast((pair) => isScalar(pair.key) && pair.key.value === key) : undefined;
}

interface FoundNode {
  readonly key?: Node;
  readonly value: unknown;
}

/** Follows a path as far as the file has it. */
function walk(document: Document, path: ContractPath): readonly [FoundNode, number] {
  let found: FoundNode = { value: document.contents };
  for (const [walked, step] of path.entries()) {
    const node = resolveAlias(document, found.value);
    if (isMap(node)) {
      const pair = node.items.findLast(({ key }) => isScalar(key) && key.value === String(step));
      if (!pair) return [found, walked];
      found = { key: pair.key as Node, value: pair.value };
    } else if (isSeq(node) && typeof step === "number" && step in node.items) found = { value: node.items[step] };
    else return [found, walked];
  }
  return [found, path.length];
}

/** Where the value at a path, or its key, stands; where a key is missing, the key of the map that lacks it. */
export function locate(
  source: SourceText,
  document: Document,
  path: ContractPath,
  part: "key" | "value" = "value",
): SourceSpan {
  const [found, walked] = walk(document, path);
  // An index into what is no list is the lone value itself; a key that is missing is its map's fault.
  const keyIsMissing = typeof path[walked] === "string";
  const wanted = (part === "key" || keyIsMissing) && found.key ? found.key : found.value;
  const node = isNode(wanted) && wanted.range && !isEmpty(wanted) ? wanted : (found.key ?? wanted);
  if (!isNode(node) || !node.range) return source.spanBetween(0, 0);
  const first = isMap(node) && !node.flow ? (node.items[0]?.key as Node | undefined) : undefined;
  const [start, end] = (first ?? node).range ?? [0, 0];
  return source.spanBetween(start, end);
}

const isEmpty = (node: Node): boolean => isScalar(node) && node.source === "" && node.value === null;
