import { compileExpression } from "../../core/condition.ts";
import type { Condition, Domain, RouteRow } from "../../core/domain.ts";
import type { DomainCode } from "../../core/domain-code.ts";
import { type Expression, parseExpression } from "../../core/expression.ts";
import type { NewEvent } from "../../core/message.ts";
import type { DomainModel, InvariantModel } from "../model/domain-model.ts";
import { payloadShape } from "../expressions/payload-shapes.ts";
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
  readonly code: DomainCode;
  readonly model: DomainModel;
  readonly entityId: string;
  /** Payloads of each message from outside. */
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
  /** Messages from outside that carry an attempt's id: they answer that attempt. */
  readonly attemptMessages: ReadonlySet<string>;
  /** Intent type -> the intent type that takes it back. */
  readonly compensations: ReadonlyMap<string, string>;
  readonly neverInvariants: readonly { readonly invariant: InvariantModel; readonly holds: Condition }[];
  readonly eventuallyInvariants: readonly {
    readonly invariant: InvariantModel;
    readonly machine: InvariantModel["machine"];
    readonly states: ReadonlySet<string>;
  }[];
  /** The names under `seen` that invariants ask for: the others make no difference. */
  readonly observedNames: ReadonlySet<string>;
}

/** @returns the consumed types for which no payload could be made, if there are any */
export function createContext(
  model: DomainModel,
  domain: Domain,
): ExplorationContext | { readonly unsampled: readonly string[] } {
  const { code, effects, invariants } = model;
  const { entityIdField, attempt } = domain;
  const entityId = commonText(domain.consumed.flatMap(({ message }) => message.shape[entityIdField] ?? []));
  const fixed = { [entityIdField]: entityId, [attempt.idField]: undefined, correlation_id: undefined };
  const samples = new Map(
    domain.consumed.map(({ type, message }) => {
      const shape = payloadShape(model, {
        kind: "event",
        subject: type,
        name: type,
        unknown: false,
        at: model.startedBy.at,
      });
      const scope = { payloads: shape ? [shape] : [], state: code.reducer.schema.shape };
      return [type, samplePayloads(message, routeConditions(model, type), scope, fixed) ?? []] as const;
    }),
  );
  const unsampled = [...samples].flatMap(([type, payloads]) => (payloads.length === 0 ? [type] : []));
  if (entityId === undefined || unsampled.length > 0) return { unsampled };
  const nevers = invariants.flatMap((invariant) => {
    const expression = invariant.never && parseOrUndefined(invariant.never.text);
    return expression ? [{ invariant, expression, holds: compileExpression(expression) }] : [];
  });
  const calls: HandlerCall[] = [];
  return {
    domain: { ...domain, routes: recordingRoutes(domain, calls) },
    calls,
    code,
    model,
    entityId,
    samples,
    attemptMessages: new Set(
      domain.consumed.flatMap(({ type, message }) => (attempt.idField in message.shape ? [type] : [])),
    ),
    compensations: new Map(
      effects.flatMap(({ intent, compensatedBy }) => (compensatedBy ? [[intent.name, compensatedBy.name]] : [])),
    ),
    neverInvariants: nevers,
    eventuallyInvariants: invariants.flatMap((invariant) =>
      invariant.eventually
        ? [{ invariant, machine: invariant.machine, states: new Set(invariant.eventually.map(({ name }) => name)) }]
        : [],
    ),
    observedNames: new Set(nevers.flatMap(({ expression }) => seenNames(expression))),
  };
}

const routeConditions = ({ handlers }: DomainModel, type: string): readonly Expression[] =>
  handlers
    .filter(({ event }) => event.name === type)
    .flatMap(({ rows }) => rows.flatMap(({ when }) => (when ? (parseOrUndefined(when.text) ?? []) : [])));

function parseOrUndefined(text: string): Expression | undefined {
  const read = parseExpression(text);
  return "problem" in read ? undefined : read.expression;
}

const seenNames = ({ any }: Expression): readonly string[] =>
  any
    .flat()
    .flatMap(({ path, value }) => (path.text === "seen" && value?.kind === "literal" ? [String(value.value)] : []));

/** The routes, with functions that note what they return: a decision tells only of the events that were accepted. */
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
