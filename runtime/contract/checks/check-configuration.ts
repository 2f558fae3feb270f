import { type Diagnostic, joinWithAnd } from "../diagnostics/diagnostic.ts";
import type { DomainModel } from "../model/domain-model.ts";
import { firstByKey } from "../model/first-by-key.ts";
import { diagnosticAt } from "../reading/contract-source.ts";
import { VARIABLES_MAX } from "../reading/contract-set.ts";

/** RC116: how far what is there may depend on what is set. */
export function* checkConfiguration(model: DomainModel): Iterable<Diagnostic> {
  yield* tooManyVariables(model);
  yield* separatedCompensations(model);
}

function* tooManyVariables({ variables: named }: DomainModel): Iterable<Diagnostic> {
  const variables = [...firstByKey(named.map((each) => [each.name, each.at]))];
  const [, at] = variables[VARIABLES_MAX] ?? [];
  if (!at) return;
  const names = joinWithAnd(variables.map(([name]) => name));
  const message = `effects go by ${names}: at most ${VARIABLES_MAX} variables in a domain`;
  yield diagnosticAt("RC116", at, message);
}

/** What was done where a variable is set could not be undone where another one is not. */
function* separatedCompensations({ effects }: DomainModel): Iterable<Diagnostic> {
  for (const { compensatedBy, intent, variable } of effects) {
    const undoing = effects.find((other) => other.intent.name === compensatedBy?.name);
    if (!compensatedBy || undoing?.variable === undefined || undoing.variable === variable) continue;
    const undo = `what undoes it, ${compensatedBy.name}`;
    const message = `${intent.name} is there where ${undoing.variable} is not set, and ${undo}, is not`;
    const related = [{ at: undoing.at, message: `${compensatedBy.name} is taken here` }];
    const remedy = "put both under the same where_set";
    yield diagnosticAt("RC116", compensatedBy.at, message, { related, remedy });
  }
}
