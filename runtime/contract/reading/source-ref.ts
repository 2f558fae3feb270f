import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { ContractPath, ContractSource } from "./contract-source.ts";

/** A value in a contract, or its key: what a diagnostic points at. */
export interface Spot {
  readonly source: ContractSource;
  readonly path: ContractPath;
  readonly part?: "key" | "value";
  /** A part of a text value: its first character, from 0, and how many characters. */
  readonly within?: { readonly offset: number; readonly length: number };
}

export const spot = (source: ContractSource, ...path: ContractPath): Spot => ({ source, path });
export const keyOf = (source: ContractSource, ...path: ContractPath): Spot => ({ source, path, part: "key" });
export const under = (at: Spot, ...more: ContractPath): Spot => ({ source: at.source, path: [...at.path, ...more] });

export interface Details {
  readonly suggestion?: string | undefined;
  readonly related?: readonly { readonly at: Spot; readonly message: string }[];
  readonly severity?: "error" | "warning";
}

export function problem(code: string, at: Spot, message: string, details: Details = {}): Diagnostic {
  const related = details.related?.map((each) => {
    const { file, line, column } = placeOf(each.at);
    return { file, line, column, message: each.message };
  });
  return {
    code,
    severity: details.severity ?? "error",
    message,
    ...placeOf(at),
    ...(details.suggestion === undefined ? {} : { suggestion: details.suggestion }),
    ...(related && related.length > 0 ? { related } : {}),
  };
}

function placeOf({ source, path, part, within }: Spot) {
  const whole = source.place(path, part ?? "value");
  if (!within) return whole;
  // A quoted text begins after its quote; a block text is on lines of its own, so its parts are not on this one.
  const first = whole.excerpt[whole.column - 1];
  if (first === "|" || first === ">") return whole;
  const quote = first === '"' || first === "'" ? 1 : 0;
  return { ...whole, column: whole.column + quote + within.offset, width: Math.max(1, within.length) };
}

/** The items of a value that may be one or a list, each with its place. */
export function eachOf<Item>(
  value: Item | readonly Item[],
  at: Spot,
): readonly { readonly item: Item; readonly at: Spot }[] {
  if (!Array.isArray(value)) return [{ item: value as Item, at }];
  return (value as readonly Item[]).map((item, index) => ({ item, at: under(at, index) }));
}

/** `A`, `A and B`, `A, B and C`. */
export const listed = (names: readonly string[]): string =>
  names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}`;
