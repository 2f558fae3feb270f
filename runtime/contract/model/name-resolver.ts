import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../diagnostics/did-you-mean.ts";
import { diagnosticAt, type SourceRef } from "../reading/contract-source.ts";
import { formatEventPattern, parseEventPattern } from "../language/event-pattern.ts";
import type { EventRef, ExpressionRef, NameRef } from "./model-parts.ts";
import type { DomainCode } from "../../core/domain.ts";
import { parseExpression } from "../../core/expression.ts";

export interface NameLookup {
  /** What the name is said to be: "handler", "state". */
  readonly kind: string;
  readonly candidates: readonly string[];
  /** A name that can't have been meant. */
  readonly except?: string;
  /** Who should have it: "in code", "in this machine". */
  readonly where: string;
  readonly code?: string;
  readonly declaredAt?: (name: string) => SourceRef | undefined;
}

/**
 * Resolves the names of a domain's contracts and reports those that nothing has (RC101; RC110 for deadlines, RC205 for
 * triggers). A name that several places miss is one mistake, often where it should have been declared: the first place
 * is reported, the others are related.
 */
export class NameResolver {
  readonly #problems = new Map<string, Diagnostic>();

  get problems(): readonly Diagnostic[] {
    return [...this.#problems.values()];
  }

  resolve(written: string, at: SourceRef, lookup: NameLookup): NameRef {
    if (lookup.candidates.includes(written)) return knownName(written, at);
    const suggestion = nearestName(
      written,
      lookup.candidates.filter((each) => each !== lookup.except),
    );
    this.#report(written, at, lookup, suggestion);
    return { name: suggestion ?? written, written, at, unknown: suggestion === undefined };
  }

  #report(name: string, at: SourceRef, lookup: NameLookup, suggestion?: string): void {
    const { kind, where, code = "RC101", declaredAt } = lookup;
    const message = `no ${kind} ${name} ${where}`;
    const key = `${at.source.file} ${message}`;
    const earlier = this.#problems.get(key);
    if (earlier) {
      const { file, line, column } = diagnosticAt(code, at, message);
      const related = [...(earlier.related ?? []), { file, line, column, message: "also named here" }];
      this.#problems.set(key, { ...earlier, related });
      return;
    }
    const declared = suggestion === undefined ? undefined : declaredAt?.(suggestion);
    const related = declared && [{ at: declared, message: `${suggestion} is declared here` }];
    this.#problems.set(key, diagnosticAt(code, at, message, { suggestion, related }));
  }
}

export const knownName = (name: string, at: SourceRef): NameRef => ({ name, written: name, at, unknown: false });

/** By its letters, or the only one that goes on where the name ends: people leave the ends of long names out. */
function nearestName(name: string, among: readonly string[]): string | undefined {
  const longer = among.filter((each) => name.length >= PREFIX_LENGTH_MIN && each.startsWith(name));
  return didYouMean(name, among) ?? (longer.length === 1 ? longer[0] : undefined);
}

const PREFIX_LENGTH_MIN = 4;

/** The name that was meant where the one written does not fit what it is for: the only one that fits, else unknown. */
export function uniqueFit(fitting: readonly string[], about: NameRef, written: NameRef): NameRef {
  if (written.unknown || about.unknown || fitting.includes(written.name)) return written;
  const [only] = fitting;
  return only !== undefined && fitting.length === 1 ? { ...written, name: only } : { ...written, unknown: true };
}

/** Reads an event type wherever one may stand. */
export type EventReader = (text: string, at: SourceRef) => EventRef;

export function createEventReader(
  names: NameResolver,
  lookups: Readonly<Record<EventRef["kind"], NameLookup>>,
): EventReader {
  return (written, at) => {
    const { kind, subject } = parseEventPattern(written);
    // Not an event type at all: the loader reports that (RC009).
    if (subject.includes("(")) return { kind, subject, name: written, written, at, unknown: true };
    const range = kind === "event" ? {} : { range: { offset: kind.length + 1, length: subject.length } };
    const { name, unknown } = names.resolve(subject, { ...at, ...range }, lookups[kind]);
    return { kind, subject: name, name: formatEventPattern({ kind, subject: name }), written, at, unknown };
  };
}

/** What every reader of a contract may look up. */
export interface ReadContext {
  readonly code: DomainCode;
  readonly names: NameResolver;
  readonly event: EventReader;
  readonly intent: NameLookup;
  /** Of the reducer. */
  readonly action: NameLookup;
  /** Of the orchestrator. */
  readonly refusal: NameLookup;
}

export const expressionRef = (text: string, at: SourceRef): ExpressionRef => ({
  text,
  at,
  parsed: parseExpression(text),
});
