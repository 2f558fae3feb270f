import { parseExpression } from "../../core/expression.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../diagnostics/did-you-mean.ts";
import type { DomainModel, ExpressionRef } from "../model/domain-model.ts";
import { typeMismatches, type ExpressionScope } from "../expressions/expression-types.ts";
import { typesAt } from "../expressions/field-types.ts";
import { invariantScope } from "../expressions/invariant-scope.ts";
import { payloadShape, triggerPayloadShapes } from "../expressions/payload-shapes.ts";
import { diagnosticAt, sourceRef } from "../reading/source-ref.ts";

/** RC108: every path leads to a field, and every test can be true of one value and false of another. */
export function checkExpressions(model: DomainModel): readonly Diagnostic[] {
  return [...checkEntityId(model), ...expressionsOf(model).flatMap(checkExpression)];
}

function expressionsOf(model: DomainModel): readonly { use: ExpressionRef; scope: ExpressionScope | undefined }[] {
  const whens = model.handlers.flatMap(({ event, rows }) => {
    const shape = payloadShape(model, event);
    const scope = shape && { payloads: [shape], state: model.code.reducer.schema.shape };
    return rows.flatMap(({ when }) => (when ? [{ use: when, scope }] : []));
  });
  // A list under `from_state` has its conditions once.
  const transitions = new Map(model.reducer.transitions.map((transition) => [transition.index, transition]));
  const conditions = [...transitions.values()].flatMap(({ conditions: uses, trigger }) =>
    uses.map((use) => ({ use, scope: triggerScope(model, trigger.name) })),
  );
  const nevers = model.invariants.flatMap(({ never }) => (never ? [{ use: never, scope: invariantScope(model) }] : []));
  return [...whens, ...conditions, ...nevers];
}

/** What a reducer transition's conditions may speak of; undefined when nothing is known of its trigger. */
export function triggerScope(model: DomainModel, trigger: string): ExpressionScope | undefined {
  const payloads = triggerPayloadShapes(model, trigger);
  return payloads.length > 0 ? { payloads, state: model.code.reducer.schema.shape } : undefined;
}

function checkExpression({ use, scope }: { readonly use: ExpressionRef; readonly scope: ExpressionScope | undefined }) {
  const read = parseExpression(use.text);
  if ("problem" in read) {
    const { offset, length: width, message } = read.problem;
    return [diagnosticAt("RC108", { ...use.at, range: { offset, length: width } }, message)];
  }
  if (!scope) return [];
  return read.expression.any
    .flat()
    .flatMap((test) =>
      typeMismatches(scope, test).map(({ offset, length, message, suggestion }) =>
        diagnosticAt("RC108", { ...use.at, range: { offset, length } }, message, { suggestion }),
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
    diagnosticAt("RC108", sourceRef(orchestrator, "entity_id"), message, {
      suggestion: didYouMean(field, fields),
      related,
    }),
  ];
}
