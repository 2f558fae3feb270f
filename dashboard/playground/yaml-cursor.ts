import { yamlLanguage } from "@codemirror/lang-yaml";

/** Where in a YAML document the cursor is. */
export interface YamlCursor {
  /** Keys from the top, and "[]" for an item of a list. */
  readonly path: readonly string[];
  /** The key whose value is being written; undefined: a key or an item is. */
  readonly key?: string;
  /** The part of the word that stands before the cursor. */
  readonly word: string;
}

/** Reads the text before the cursor only. Below a quote or bracket that is never closed the path may be wrong. */
export function yamlCursorAt(text: string, position: number): YamlCursor {
  const before = text.slice(0, position);
  const lineStart = before.lastIndexOf("\n") + 1;
  // A letter at the cursor, so that the tree has a node there even where nothing is written yet.
  const leaf = yamlLanguage.parser.parse(`${before}x`).resolveInner(position + 1, -1);
  const path: string[] = [];
  let key: string | undefined;
  for (let node = leaf.parent; node; node = node.parent) {
    if (node.name === "Item") path.unshift("[]");
    const keyNode = node.name === "Pair" ? node.getChild("Key") : null;
    if (!keyNode || keyNode.to > position) continue;
    const name = before.slice(keyNode.from, keyNode.to).replace(/^(["'])(.*)\1$/, "$2");
    const isPairOfLeaf = leaf.parent?.name === "Pair" && key === undefined && path.length === 0;
    // On a later line than its key, a plain word may still become the first key of a mapping.
    if (isPairOfLeaf && keyNode.from >= lineStart) key = name;
    else path.unshift(name);
  }
  return { path, ...(key !== undefined && { key }), word: /[\w.*()-]*$/.exec(before)?.[0] ?? "" };
}
