import type { Diagnostic } from "../diagnostic.ts";
import { didYouMean } from "../did-you-mean.ts";
import { problem, type Spot } from "./report.ts";

/** A name that a contract uses. */
export interface Name {
  /** As it was probably meant: a misspelt name is reported once and then read as the name within reach. */
  readonly name: string;
  readonly at: Spot;
  /** Reported, and nothing is within reach: the checks that follow leave it alone. */
  readonly unknown: boolean;
}

export interface Lookup {
  /** What the name is said to be: "handler", "state". */
  readonly what: string;
  readonly among: readonly string[];
  /** A name that can't have been meant. */
  readonly except?: string;
  /** Who should have it: "in code", "in this machine". */
  readonly where: string;
  readonly code?: string;
  readonly declaredAt?: (name: string) => Spot | undefined;
}

/**
 * Resolves the names of a domain's contracts and reports those that nothing has (RC101; RC110 for deadlines). A name
 * that is missing for every user of it is one mistake, in code or at its declaration: the first place is reported, the
 * others are related. A misspelt name is a mistake at each place.
 */
export class Names {
  readonly #problems: Diagnostic[] = [];
  readonly #missing = new Map<string, number>();

  get problems(): readonly Diagnostic[] {
    return this.#problems;
  }

  resolve(name: string, at: Spot, lookup: Lookup): Name {
    if (lookup.among.includes(name)) return { name, at, unknown: false };
    const suggestion = nearest(
      name,
      lookup.among.filter((each) => each !== lookup.except),
    );
    this.#report(name, at, lookup, suggestion);
    return suggestion === undefined ? { name, at, unknown: true } : { name: suggestion, at, unknown: false };
  }

  #report(name: string, at: Spot, { what, where, code = "RC101", declaredAt }: Lookup, suggestion?: string): void {
    const message = `no ${what} ${name} ${where}`;
    const known = this.#missing.get(message);
    const earlier = known === undefined ? undefined : this.#problems[known];
    if (suggestion === undefined && known !== undefined && earlier) {
      const { file, line, column } = problem(code, at, message);
      this.#problems[known] = {
        ...earlier,
        related: [...(earlier.related ?? []), { file, line, column, message: "also named here" }],
      };
      return;
    }
    if (suggestion === undefined) this.#missing.set(message, this.#problems.length);
    const declared = suggestion === undefined ? undefined : declaredAt?.(suggestion);
    const related = declared ? [{ at: declared, message: `${suggestion ?? ""} is declared here` }] : [];
    this.#problems.push(problem(code, at, message, { suggestion, related }));
  }
}

/** By its letters, or the only one that goes on where the name ends: people leave the ends of long names out. */
export function nearest(name: string, among: readonly string[]): string | undefined {
  const longer = among.filter((each) => name.length >= WHOLE_WORD && each.startsWith(name));
  return didYouMean(name, among) ?? (longer.length === 1 ? longer[0] : undefined);
}

const WHOLE_WORD = 4;
