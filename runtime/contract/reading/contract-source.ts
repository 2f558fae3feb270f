import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { ComputeContract } from "../language/schema-compute.ts";
import type { Contract, EffectContract, OrchestratorContract, ReducerContract } from "../language/schema.ts";
import type { GatewayContract } from "../language/schema-gateway.ts";

/** Keys and list indexes from the top of a contract: `["state_machine", "states", 0, "state_name"]`. */
export type ContractPath = readonly (string | number)[];

/** Where something stands in a file, as a diagnostic shows it; line and column count from 1. */
export interface SourceSpan {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly width: number;
  readonly excerpt: string;
}

/** A contract and the file it was read from. */
export interface LoadedContract<Kind extends Contract = Contract> {
  readonly file: string;
  readonly text: string;
  /**
   * Normalized: no `Model` prefixes, no `_GENERIC`. Keys that were left out are undefined: defaults come with compile.
   */
  readonly contract: Kind;
  /** What is wrong with the file by itself: RC001 to RC010. */
  readonly problems: readonly Diagnostic[];
  /**
   * Where a value, or its key, stands. A path that is not in the file ends at the deepest part of it that is, so
   * `[..., "from_state", 0]` is right for a lone state as well.
   */
  spanAt(path: ContractPath, part?: "key" | "value"): SourceSpan;
}

/** A contract's file, whether or not a contract could be made of it. */
export type ContractPlaces = Pick<LoadedContract, "file" | "spanAt">;

/** The contracts of one domain. */
export interface ContractSet {
  readonly domain: string;
  readonly orchestrator: LoadedContract<OrchestratorContract>;
  /** Undefined: the data is the last event's payload (`model/default-reducer.ts`). */
  readonly reducer: LoadedContract<ReducerContract> | undefined;
  readonly effects: readonly LoadedContract<EffectContract>[];
  /** Of the same folder, but not there: their variable is not set. */
  readonly leftOut: readonly LoadedContract<EffectContract>[];
  readonly computes: readonly LoadedContract<ComputeContract>[];
  readonly gateways: readonly LoadedContract<GatewayContract>[];
}

/** A value in a contract, or its key: what a diagnostic points at. */
export interface SourceRef {
  readonly source: ContractPlaces;
  readonly path: ContractPath;
  readonly part?: "key" | "value";
  /** A part of a text value: its first character, from 0, and how many characters. */
  readonly range?: { readonly offset: number; readonly length: number };
}

export const sourceRef = (source: ContractPlaces, ...path: ContractPath): SourceRef => ({ source, path });
export const keyRef = (source: ContractPlaces, ...path: ContractPath): SourceRef => ({ source, path, part: "key" });
export const childRef = ({ source, path }: SourceRef, ...more: ContractPath): SourceRef =>
  sourceRef(source, ...path, ...more);

export interface DiagnosticDetails {
  readonly suggestion?: string | undefined;
  /** What to do about it. */
  readonly remedy?: string | undefined;
  readonly related?: readonly { readonly at: SourceRef; readonly message: string }[] | undefined;
  readonly severity?: "error" | "warning";
}

export function diagnosticAt(
  code: string,
  at: SourceRef,
  message: string,
  { suggestion, remedy, related = [], severity = "error" }: DiagnosticDetails = {},
): Diagnostic {
  const notes = related.map((each) => {
    const { file, line, column } = spanOf(each.at);
    return { file, line, column, message: each.message };
  });
  return {
    ...{ code, severity, message, ...spanOf(at) },
    ...(suggestion !== undefined && { suggestion }),
    ...(remedy !== undefined && { remedy }),
    ...(notes.length > 0 && { related: notes }),
  };
}

function spanOf({ source, path, part, range }: SourceRef) {
  const whole = source.spanAt(path, part ?? "value");
  if (!range) return whole;
  // A quoted text begins after its quote; a block text is on lines of its own, so its parts are not on this one.
  const first = whole.excerpt[whole.column - 1];
  if (first === "|" || first === ">") return whole;
  const quote = first === '"' || first === "'" ? 1 : 0;
  return { ...whole, column: whole.column + quote + range.offset, width: Math.max(1, range.length) };
}

/** The items of a value that may be one or a list, each with its place. */
export function itemsWithRefs<Item>(
  value: Item | readonly Item[],
  at: SourceRef,
): readonly { readonly item: Item; readonly at: SourceRef }[] {
  if (!Array.isArray(value)) return [{ item: value as Item, at }];
  return (value as readonly Item[]).map((item, index) => ({ item, at: childRef(at, index) }));
}
