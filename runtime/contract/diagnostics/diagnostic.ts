/** A place in a contract file; line and column count from 1. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One problem of a contract, as contracts.md's table names it. */
export interface Diagnostic extends SourcePosition {
  /** RC001 .. RC301. */
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly message: string;
  /** The offending line's text, and how many columns of it the caret covers (at least 1). */
  readonly excerpt: string;
  readonly width: number;
  /** The name within reach that was probably meant. */
  readonly suggestion?: string;
  /** Where the other half is declared. */
  readonly related?: readonly (SourcePosition & { readonly message: string })[];
  /** What to do about it. */
  readonly remedy?: string;
  /** The shortest way to where it shows (RC206). */
  readonly timeline?: readonly TimelineStep[];
}

/** One message, what came of it, and how it left the entity. */
export interface TimelineStep {
  /** Event time since the beginning, ms; before it for a message that was held up. */
  readonly atMs: number;
  readonly message: string;
  readonly orchestrator: string;
  readonly reducer: string;
  readonly events: readonly string[];
  readonly intents: readonly string[];
  /** In words, also where nothing came of it. */
  readonly reason: string;
}
