import { compileExpression } from "../../core/condition.ts";
import type { ConsumedTopic, Domain, RouteRow } from "../../core/domain.ts";
import type { Expression } from "../../core/expression.ts";
import type { NewEvent } from "../../core/message.ts";
import { rowScope } from "../expressions/expression-scopes.ts";
import type { DomainModel, ExpressionRef, HandlerModel, RowModel } from "../model/domain-model.ts";
import { doorReaders } from "../model/doors.ts";
import { FROM_BUS, namesCaller, ownerPaths, sampleDoors } from "./sample-doors.ts";
import { commonText, samplePayloads } from "./sample-payloads.ts";

/** What a handler's function returned during a step, and for which message or raised name. */
interface HandlerCall {
  readonly route: string;
  readonly events: readonly NewEvent[];
  /** The row, where others of the same state have a rule about owners and this one does not say who may come. */
  readonly unguarded: RowModel | undefined;
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
    domain: { ...domain, routes: recordingRoutes(model, domain, calls) },
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
  const event = model.consumed.find(({ name }) => name === type);
  const scope = event && rowScope(model, event);
  const conditions = model.handlers
    .filter((handler) => handler.event.name === type)
    .flatMap(({ rows }) => rows.flatMap(({ when }) => parsedExpressions(when)));
  const fixed = { [entityIdField]: entityId, [attempt.idField]: undefined, correlation_id: undefined };
  return {
    ...consumed,
    samples: samplePayloads(message, conditions, scope, fixed),
    doors: event && doorReaders(model).includes(event) ? sampleDoors(conditions, scope, event.isTrusted) : [FROM_BUS],
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
function recordingRoutes(model: DomainModel, { routes }: Domain, calls: HandlerCall[]): Domain["routes"] {
  const recording = (route: string, row: RouteRow, unguarded: RowModel | undefined): RouteRow => {
    const { action } = row;
    if (action.kind !== "call") return row;
    const run: typeof action.run = (context) => {
      const result = action.run(context);
      if (!("kind" in result)) calls.push({ route, events: result, unguarded });
      return result;
    };
    return { ...row, action: { ...action, run } };
  };
  const recordingState = (type: string, state: string, rows: readonly RouteRow[]): readonly RouteRow[] => {
    const unguarded = unguardedRows(model.handlers.find(({ event }) => event.written === type)?.rows ?? [], state);
    return rows.map((row, index) => recording(type, row, unguarded[index]));
  };
  return new Map(
    [...routes].map(([type, { handler, rows }]) => {
      const recorded = [...rows].map(([state, list]) => [state, recordingState(type, state, list)] as const);
      return [type, { handler, rows: new Map(recorded) }];
    }),
  );
}

/** In the order in which they decide in a state: the row, or undefined where it may let anybody in. */
function unguardedRows(all: HandlerModel["rows"], state: string): readonly (RowModel | undefined)[] {
  const rows = all.filter(({ decidableStates }) => decidableStates.includes(state));
  const testsOf = ({ when }: RowModel) => parsedExpressions(when).flatMap(({ any }) => any.flat());
  const hasOwners = rows.some((row) => ownerPaths(testsOf(row)).length > 0);
  return rows.map((row) => (hasOwners && !testsOf(row).some(namesCaller) ? row : undefined));
}
