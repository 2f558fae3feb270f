import { compileExpression } from "../../core/condition.ts";
import type { Condition, ConsumedTopic, Domain, RouteRow } from "../../core/domain.ts";
import type { Expression } from "../../core/expression.ts";
import type { NewEvent } from "../../core/message.ts";
import { messageScope } from "../expressions/payload-shapes.ts";
import type { DomainModel, ExpressionRef, InvariantModel } from "../model/domain-model.ts";
import { commonText, type Sample, samplePayloads } from "./sample-payloads.ts";

/** What a handler's function returned during a step, and for which message or raised name. */
interface HandlerCall {
  readonly route: string;
  readonly events: readonly NewEvent[];
}

/** All that the exploration of a domain looks up. */
export interface ExplorationContext {
  /** Its handlers note what they return in `calls`. */
  readonly domain: Domain;
  readonly calls: HandlerCall[];
  readonly model: DomainModel;
  readonly entityId: string;
  /** Messages from outside by type, with the payloads to try. */
  readonly sources: ReadonlyMap<string, MessageSource>;
  /** Intent type -> the intent type that compensates it. */
  readonly compensations: ReadonlyMap<string, string>;
  readonly neverInvariants: readonly { readonly invariant: InvariantModel; readonly holds: Condition }[];
  readonly eventuallyInvariants: readonly {
    readonly invariant: InvariantModel;
    readonly states: ReadonlySet<string>;
  }[];
  /** The names under `seen` that invariants ask for: the others make no difference. */
  readonly observedNames: ReadonlySet<string>;
}

export interface MessageSource extends ConsumedTopic {
  readonly samples: readonly Sample[];
  /** Whether it carries an attempt's id, and so answers that attempt. */
  readonly namesAttempt: boolean;
}

/** @returns the consumed types for which no payload could be made, if there are any */
export function createContext(
  model: DomainModel,
  domain: Domain,
): ExplorationContext | { readonly unsampled: readonly string[] } {
  const entityId = commonText(domain.consumed.flatMap(({ message }) => message.shape[domain.entityIdField] ?? []));
  const sources = domain.consumed.map((consumed) => messageSource(model, domain, consumed, entityId));
  const unsampled = sources.flatMap(({ type, samples }) => (samples.length === 0 ? [type] : []));
  if (entityId === undefined || unsampled.length > 0) return { unsampled };
  const nevers = model.invariants.flatMap((invariant) =>
    parsedExpressions(invariant.never).map((expression) => ({ invariant, expression })),
  );
  const calls: HandlerCall[] = [];
  return {
    domain: { ...domain, routes: recordingRoutes(domain, calls) },
    calls,
    model,
    entityId,
    sources: new Map(sources.map((source) => [source.type, source])),
    compensations: new Map(
      model.effects.flatMap(({ intent, compensatedBy }) => (compensatedBy ? [[intent.name, compensatedBy.name]] : [])),
    ),
    neverInvariants: nevers.map(({ invariant, expression }) => ({ invariant, holds: compileExpression(expression) })),
    eventuallyInvariants: model.invariants.flatMap((invariant) =>
      invariant.eventually ? [{ invariant, states: new Set(invariant.eventually.map(({ name }) => name)) }] : [],
    ),
    observedNames: new Set(nevers.flatMap(({ expression }) => seenNames(expression))),
  };
}

function messageSource(
  model: DomainModel,
  { entityIdField, attempt }: Domain,
  consumed: ConsumedTopic,
  entityId: string | undefined,
): MessageSource {
  const { type, message } = consumed;
  const event = model.consumed.find(({ name }) => name === type);
  const scope = (event && messageScope(model, event)) ?? { payloads: [], state: model.code.reducer.schema.shape };
  const conditions = model.handlers
    .filter((handler) => handler.event.name === type)
    .flatMap(({ rows }) => rows.flatMap(({ when }) => parsedExpressions(when)));
  const fixed = { [entityIdField]: entityId, [attempt.idField]: undefined, correlation_id: undefined };
  const samples = samplePayloads(message, conditions, scope, fixed) ?? [];
  return { ...consumed, samples, namesAttempt: attempt.idField in message.shape };
}

const parsedExpressions = (ref: ExpressionRef | undefined): readonly Expression[] =>
  ref && "expression" in ref.parsed ? [ref.parsed.expression] : [];

const seenNames = ({ any }: Expression): readonly string[] =>
  any
    .flat()
    .flatMap(({ path, value }) => (path.text === "seen" && value?.kind === "literal" ? [String(value.value)] : []));

/** The routes, with functions that note what they return: a decision has only the events that were accepted. */
function recordingRoutes({ routes }: Domain, calls: HandlerCall[]): Domain["routes"] {
  const recording = (route: string, { action, ...row }: RouteRow): RouteRow => {
    if (action.kind === "no_op") return { ...row, action };
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
