import type { DomainFacts } from "./facts.ts";
import type { Trouble } from "./trouble.ts";

/** What is known beside the facts of the domain itself. */
export interface Surroundings {
  readonly nowMs: number;
  /** Domains of the process: the only one's failure is the process's. */
  readonly count: number;
  /** Bus or store, when this domain alone can't reach it. */
  readonly lone: readonly { readonly part: string; readonly reason: string; readonly forMs: number }[];
  /** Whether the process has a trouble that explains why nothing moves. */
  readonly isShared: boolean;
}

/** A trouble of a domain, if it has it. */
export type Make = (facts: DomainFacts, surroundings: Surroundings) => readonly OwnTrouble[];
/** What is left out is the domain's, nobody's in particular, and from now on. */
export type OwnTrouble = Omit<Trouble, "domain" | "subject" | "partitions" | "sinceMs"> &
  Partial<Pick<Trouble, "subject" | "partitions" | "sinceMs">>;
