import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { Contract, EffectContract, OrchestratorContract, ReducerContract } from "../language/schema.ts";

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

/** The contracts of one domain. */
export interface ContractSet {
  readonly domain: string;
  readonly orchestrator: LoadedContract<OrchestratorContract>;
  readonly reducer: LoadedContract<ReducerContract>;
  readonly effects: readonly LoadedContract<EffectContract>[];
}
