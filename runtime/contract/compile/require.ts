import { compileExpression } from "../../core/condition.ts";
import type { Condition } from "../../core/domain.ts";
import { durationMs } from "../language/schema-parts.ts";
import type { ExpressionRef } from "../model/domain-model.ts";
import type { NameRef } from "../model/name-resolver.ts";

// What the checks let pass has all of these. Contracts that ran once are compiled without checks, so what the code no
// longer has is found here.
const refuse = (problem: string): never => {
  throw new Error(`${problem}: compile only what was checked`);
};

export const requireKnown = <Value>(value: Value | undefined, whatIsMissing: string): Value =>
  value ?? refuse(`no ${whatIsMissing}`);

/** A named entry of the domain's code; never what a prototype has. */
export const requireEntry = <Entry>(record: Readonly<Record<string, Entry>>, name: string, kind: string): Entry =>
  requireKnown(Object.hasOwn(record, name) ? record[name] : undefined, `${kind} is called ${name}`);

/** A state as the contract has it: the name that the checks would suggest instead never runs. */
export const requireState = ({ name, written, unknown }: NameRef): string =>
  unknown || name !== written ? refuse(`no state is called ${written}`) : written;

export const requireDurationMs = (text: string): number => durationMs(text) ?? refuse(`${text} is no duration`);

export const requireCondition = ({ text, parsed }: ExpressionRef): Condition =>
  "problem" in parsed ? refuse(`${text}: ${parsed.problem.message}`) : compileExpression(parsed.expression);
