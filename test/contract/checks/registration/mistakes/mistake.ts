import type { DomainCode } from "../../../../../runtime/core/domain.ts";
import type { Edit } from "../edited.ts";

/** A mistake made in the shipped contracts or their code, and everything that is said about it. */
export interface Mistake {
  /** The mistake, as the end of "reports ...". */
  readonly mistake: string;
  readonly edits: readonly Edit[];
  /** The shipped code, changed. */
  readonly code?: (shipped: DomainCode) => DomainCode;
  /** All diagnostics with their places, as `shown` writes them, in order. */
  readonly gives: readonly string[];
  /** What the first message says, or a part of it. */
  readonly says: string;
  readonly suggestion?: string;
  /** The lines of its other halves, as `file: line`. */
  readonly related?: readonly string[];
}

const change =
  (file: Edit["file"]) =>
  (replace: string | RegExp, by: string): Edit => ({ file, replace, by });
export const orchestrator = change("orchestrator.yaml");
export const reducer = change("reducer.yaml");
export const effects = change("effects.yaml");
