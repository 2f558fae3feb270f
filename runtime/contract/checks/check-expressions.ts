import { parseExpression } from "../../core/expression.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../diagnostics/did-you-mean.ts";
import type { DomainModel, ExpressionUse } from "../model/domain-model.ts";
import { misfitsOf, type Scope } from "../expressions/expression-types.ts";
import { typesAt } from "../expressions/field-types.ts";
import { scopeOfInvariants } from "../expressions/invariant-scope.ts";
import { shapeOf, shapesOfTrigger } from "../expressions/payload-shapes.ts";
import { problem, spot } from "../reading/source-ref.ts";

/** RC108: every path leads to a field, and every test can be true of one value and false of another. */
export function checkExpressions(model: DomainModel): readonly Diagnostic[] {
  return [...checkEntityId(model), ...expressionsOf(model).flatMap(checkExpression)];
}

function expressionsOf(model: DomainModel): readonly { use: ExpressionUse; scope: Scope | undefined }[] {
  const whens = model.handlers.flatMap(({ event, rows }) => {
    const shape = shapeOf(model, event);
    const scope = shape && { payloads: [shape], state: model.code.reducer.schema.shape };
    return rows.flatMap(({ when }) => (when ? [{ use: when, scope }] : []));
  });
  // A list under `from_state` has its conditions once.
  const transitions = new Map(model.reducer.transitions.map((transition) => [transition.index, transition]));
  const conditions = [...transitions.values()].flatMap(({ conditions: uses, trigger }) =>
    uses.map((use) => ({ use, scope: scopeOfTrigger(model, trigger.name) })),
  );
  const nevers = model.invariants.flatMap(({ never }) =>
    never ? [{ use: never, scope: scopeOfInvariants(model) }] : [],
  );
  return [...whens, ...conditions, ...nevers];
}

/** What a reducer transition's conditions may speak of; undefined when nothing is known of its trigger. */
export function scopeOfTrigger(model: DomainModel, trigger: string): Scope | undefined {
  const payloads = shapesOfTrigger(model, trigger);
  return payloads.length > 0 ? { payloads, state: model.code.reducer.schema.shape } : undefined;
}

function checkExpression({ use, scope }: { readonly use: ExpressionUse; readonly scope: Scope | undefined }) {
  const read = parseExpression(use.text);
  if ("problem" in read) {
    const { offset, width, message } = read.problem;
    return [problem("RC108", { ...use.at, within: { offset, length: width } }, message)];
  }
  if (!scope) return [];
  return read.expression.any
    .flat()
    .flatMap((test) =>
      misfitsOf(scope, test).map(({ offset, length, message, suggestion }) =>
        problem("RC108", { ...use.at, within: { offset, length } }, message, { suggestion }),
      ),
    );
}

/** Every message from the bus says which entity it is about, in the field that the contract names. */
function checkEntityId({ set: { orchestrator }, consumed, code }: DomainModel): readonly Diagnostic[] {
  const field = orchestrator.contract.entity_id;
  const without = consumed.filter(({ name, unknown }) => {
    const shape = code.messages.find(({ messageType }) => messageType === name)?.shape;
    if (unknown || !shape) return false;
    const found = typesAt(shape, [field]);
    return "missing" in found || !found.types.some(({ kind }) => kind === "string" || kind === "any");
  });
  if (without.length === 0) return [];
  const fields = without.flatMap(({ name }) =>
    Object.keys(code.messages.find(({ messageType }) => messageType === name)?.shape ?? {}),
  );
  const related = without.map(({ at, name }) => ({ at, message: `${name} has no text field ${field}` }));
  const message = `not every consumed event has a text field ${field}`;
  return [
    problem("RC108", spot(orchestrator, "entity_id"), message, { suggestion: didYouMean(field, fields), related }),
  ];
}
