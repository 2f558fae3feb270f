import { compileExpression } from "../../core/condition.ts";
import type { ConsumedTopic, Domain, RouteRow } from "../../core/domain.ts";
import type { Expression } from "../../core/expression.ts";
import type { NewEvent } from "../../core/message.ts";
import { messageScope } from "../expressions/expression-scopes.ts";
import type { DomainModel, ExpressionRef } from "../model/domain-model.ts";
import { commonText, samplePayloads } from "./sample-payloads.ts";

/** What a handler's function returned during a step, and for which message or raised name. */
interface HandlerCall {
  readonly route: string;
  readonly events: readonly NewEvent[];
}

/** All that the exploration of a domain looks up. */
export type ExplorationContext = ReturnType<typeof createContext>;
export type MessageSource = ReturnType<typeof messageSource>;

export function createContext(model: DomainModel, domain: Domain) {
  const ids = domain.consumed.flatMap(({ message }) => message.shape[domain.entityIdField] ?? []);
  const entityId = commonText(ids) ?? "";
  const nevers = model.invariants.flatMap((invariant) =>
    parsedExpressions(invariant.never).map((expression) => ({ invariant, expression })),
  );
  const calls: HandlerCall[] = [];
  return {
    domain: { ...domain, routes: recordingRoutes(domain, calls) },
    /** What the domain's handlers returned in the last step. */
    calls,
    model,
    entityId,
    /** Messages from outside by type, with the payloads to try: none where no payload could be made. */
    sources: new Map(
      domain.consumed.map((consumed) => [consumed.type, messageSource(model, domain, consumed, entityId)]),
    ),
    /** Intent type -> the intent type that compensates it. */
    compensations: new Map(
      model.effects.flatMap(({ intent, compensatedBy }) => (compensatedBy ? [[intent.name, compensatedBy.name]] : [])),
    ),
    neverInvariants: nevers.map(({ invariant, expression }) => ({ invariant, holds: compileExpression(expression) })),
    eventuallyInvariants: model.invariants.flatMap((invariant) =>
      invariant.eventually ? [{ invariant, states: new Set(invariant.eventually.map(({ name }) => name)) }] : [],
    ),
    /** The names under `seen` that invariants ask for: the others make no difference. */
    observedNames: new Set(nevers.flatMap(({ expression }) => seenNames(expression))),
  };
}

function messageSource(
  model: DomainModel,
  { entityIdField, attempt }: Domain,
  consumed: ConsumedTopic,
  entityId: string,
) {
  const { type, message } = consumed;
  const scope = messageScope(
    model,
    model.consumed.filter(({ name }) => name === type),
  );
  const conditions = model.handlers
    .filter((handler) => handler.event.name === type)
    .flatMap(({ rows }) => rows.flatMap(({ when }) => parsedExpressions(when)));
  const fixed = { [entityIdField]: entityId, [attempt.idField]: undefined, correlation_id: undefined };
  return {
    ...consumed,
    samples: samplePayloads(message, conditions, scope, fixed),
    /** Whether it carries an attempt's id, and so answers that attempt. */
    namesAttempt: attempt.idField in message.shape,
  };
}

const parsedExpressions = (ref: ExpressionRef | undefined): readonly Expression[] =>
  ref && "expression" in ref.parsed ? [ref.parsed.expression] : [];

const seenNames = ({ any }: Expression): readonly string[] =>
  any
    .flat()
    .flatMap(({ path, value }) => (path.text === "seen" && value?.kind === "literal" ? [String(value.value)] : []));

/** The routes, with functions that note what they return: a decision has only the events that were accepted. */
function recordingRoutes({ routes }: Domain, calls: HandlerCall[]): Domain["routes"] {
  const recording = (route: string, row: RouteRow): RouteRow => {
    const { action } = row;
    if (action.kind === "no_op") return row;
    const run: typeof action.run = (context) => {
      const result = action.run(context);
      if (!("kind" in result)) calls.push({ route, events: result });
      return result;
    };
    return { ...row, action: { ...action, run } };
  };
  return new Map(
    [...routes].map(([type, { handler, rows }]) => [
      type,
      { handler, rows: new Map([...rows].map(([state, list]) => [state, list.map((row) => recording(type, row))])) },
    ]),
  );
}
