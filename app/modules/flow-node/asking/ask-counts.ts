import type { Sql } from "../../../../runtime/ports/store.ts";

/** What may come of asking a node. */
export const ASK_RESULTS = [
  "answered",
  "forbidden",
  "unresolved",
  "unreachable",
  "timeout",
  "refused",
  "no_json",
  "too_large",
] as const;
export type AskResult = (typeof ASK_RESULTS)[number];

const counts = new WeakMap<Sql, Map<AskResult, number>>();

/** Of this process, for the store that it serves. */
export function asksOf(sql: Sql): Map<AskResult, number> {
  const known = counts.get(sql) ?? new Map<AskResult, number>();
  counts.set(sql, known);
  return known;
}
