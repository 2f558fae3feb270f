import { parseExpression } from "../../core/expression.ts";
import type { SourceRef } from "../reading/source-ref.ts";
import type { ExpressionRef } from "./domain-model.ts";

export const expressionRef = (text: string, at: SourceRef): ExpressionRef => ({
  text,
  at,
  parsed: parseExpression(text),
});

/** Items by their key; of those with the same key the first: a second declaration is reported as such (RC109). */
export function firstByKey<Item, Value>(
  items: Iterable<Item>,
  key: (item: Item) => string,
  value: (item: Item) => Value,
): ReadonlyMap<string, Value> {
  const found = new Map<string, Value>();
  for (const item of items) if (!found.has(key(item))) found.set(key(item), value(item));
  return found;
}

export const itself = <Item>(item: Item): Item => item;
