import { compileExpression } from "../../core/condition.ts";
import type { Condition, Domain, EffectSpec, IntentSpec, Route, RouteRow } from "../../core/domain.ts";
import type { Handler } from "../../core/handler.ts";
import { compileMachine, type MachineDescription } from "../../core/machine.ts";
import { parseEventPattern } from "../language/event-pattern.ts";
import { type DeadlineDuration, deadlineMs, durationMs } from "../language/schema-parts.ts";
import { fillTopic, type TopicVariables } from "../language/topic-pattern.ts";
import type {
  DomainModel,
  EffectModel,
  ExpressionRef,
  HandlerModel,
  MachineModel,
  NameRef,
  RowModel,
  TextRef,
} from "../model/domain-model.ts";
import { fixedBackend } from "../model/read-effects.ts";
import { doorReaders, onlyCallerRead } from "../model/doors.ts";
import { awaitedPublishes, choicesOf, countsPublished, statesWithDeadline } from "../model/events.ts";
import { firstByKey } from "../model/first-by-key.ts";
import { contentHash } from "../reading/contract-set.ts";
import { compileProjections } from "./compile-projections.ts";

/**
 * Makes the tables that `step()` and the shell look up from a domain's contracts and code.
 * @param model as `validateDomain` let it pass. Names are taken as written, never as the checks would correct them
 * @throws Error on a name that the code lacks
 */
export function compileDomain(model: DomainModel, variables: TopicVariables): Domain {
  const { set, code, published, triggers, lifecycle, startedBy } = model;
  const topicOf = ({ text }: TextRef): string => fillTopic(text, variables);
  const effects = firstByKey(model.effects.map((each) => [each.intent.written, compileEffect(each, code.effects)]));
  return {
    name: set.domain,
    contractHash: contentHash(set),
    entityIdField: model.entityIdField.text,
    lifecycle,
    attempt: {
      idField: model.attemptIdField,
      startedBy: lifecycle === "document" ? undefined : startedBy.written,
    },
    maxClockSkewMs: requireDurationMs(model.maxClockSkew),
    consumed: model.consumed.map((event) => ({
      ...{ topic: topicOf(event.topic), type: event.written },
      message: requireKnown(model.messages.get(event.written), `message is called ${event.written}`),
      ...{ journal: event.journal, skipsOtherTypes: event.skipsOtherTypes },
    })),
    topicByEventType: firstByKey(published.map(({ written, topic }) => [written, topic ? topicOf(topic) : null])),
    countsPublished: countsPublished(model),
    deadLetterTopic: topicOf(model.deadLetterTopic),
    refusals: firstByKey(model.refusals.map(({ code: refusal, kind, message }) => [refusal, { kind, message }])),
    doorRequired: new Set(
      doorReaders(model)
        .filter(({ isTrusted }) => !isTrusted)
        .map(({ written }) => written),
    ),
    onlyCallerRead: onlyCallerRead(model),
    routes: firstByKey(model.handlers.map((each) => [each.event.written, compileRoute(model, each)])),
    orchestrator: compileMachine(describeMachine(model.orchestrator)),
    reducer: compileMachine(describeMachine(model.reducer)),
    triggerByMessageType: firstByKey(triggers.map(({ event, trigger }) => [event.written, trigger.written])),
    reducerCode: code.reducer,
    stateVersion: code.stateVersion ?? 1,
    upcast: code.upcast,
    intents: firstByKey(
      model.emissions.map(({ action: { written: action }, intent: { written: type }, target }) => {
        const hasOutcome = (effects.get(type)?.outputEvents.length ?? 0) > 0;
        return [action, { action, type, target: compileTarget(target.text), hasOutcome }];
      }),
    ),
    onPurge: model.onPurge.map(({ written }) => written),
    tombstoneMs: tombstoneMsOf(model),
    effects,
    reconciled: compileReconciled(model, effects),
    deadlineAfterMs: firstByKey(
      statesWithDeadline(model).map(({ deadline: { name, after } }) => [name, requireDeadlineMs(after)]),
    ),
    projections: compileProjections(model),
    awaitsPublish: new Set(awaitedPublishes(model).map(({ written }) => parseEventPattern(written).subject)),
  };
}

/** Where something is left out, a backend that nothing writes to is not compared. */
function compileReconciled({ code, set }: DomainModel, effects: Domain["effects"]): Domain["reconciled"] {
  const written = new Set([...effects.values()].map(({ backend }) => backend));
  const isCompared = (backend: string): boolean => set.leftOut.length === 0 || written.has(backend);
  const compared = (code.reconciled ?? []).filter(({ backend }) => isCompared(backend));
  return new Map(compared.map((each) => [each.backend, each]));
}

/** A tombstone stays for so long at least, or for as long as any state retains its entities. */
const TOMBSTONE_MS = 30 * 86_400_000;

function tombstoneMsOf({ orchestrator }: DomainModel): number | undefined {
  const retains = [...orchestrator.states.values()].flatMap(({ retain }) => retain ?? []);
  return retains.length === 0 ? undefined : Math.max(TOMBSTONE_MS, ...retains.map(requireDurationMs));
}

const ANY_STATE = "*";
/** Of what fills a placeholder: a thousand keys are kept. */
const BACKEND_FIELD_LENGTH_MAX = 253;

/** By state the rows that may fit, in order. */
function compileRoute({ code, orchestrator }: DomainModel, { written: { written: name }, rows }: HandlerModel): Route {
  const handler = requireEntry(code.handlers, name, "handler");
  const byState = new Map([...orchestrator.states.keys()].map((state): [string, RouteRow[]] => [state, []]));
  for (const { when, action, outputs, namedStates, decidableStates, ...rest } of rows) {
    for (const state of namedStates) if (state.name !== ANY_STATE) requireState(state);
    const oneOf = action ? choicesOf(outputs).map((choice) => choice.map((event) => event.written)) : [];
    const row: RouteRow = {
      ...(when && { when: requireCondition(when) }),
      ...(oneOf.length > 0 && { oneOf }),
      action: action ? compileCall(name, handler, action.written) : compileBuiltIn(rest),
    };
    for (const state of decidableStates) byState.get(state)?.push(row);
  }
  return { handler: name, rows: byState };
}

const compileCall = (name: string, { actions, reads, refusals }: Handler, action: string): RouteRow["action"] => ({
  ...{ kind: "call", name: action, run: requireEntry(actions, action, `action of ${name}`) },
  ...{ readsDoor: reads.length > 0, refusals },
});

function compileBuiltIn({ refusal, renews, reason }: Pick<RowModel, "refusal" | "renews" | "reason">) {
  if (refusal) return { kind: "refuse", code: refusal.written } as const;
  return renews ? ({ kind: "renew" } as const) : ({ kind: "no_op", reason } as const);
}

/** One of the two machines, as the core's tables and the exports are made from it. */
export function describeMachine({ name, initial, states, transitions }: MachineModel): MachineDescription {
  return {
    name,
    initial,
    states: [...states.values()].map(({ name: state, deadline, raises, retain, entryActions, ...kind }) => ({
      ...{ name: state, terminal: kind.terminal, rests: kind.rests, transient: kind.transient },
      ...(retain !== undefined && { retainMs: requireDurationMs(retain) }),
      ...(deadline && {
        deadline: {
          name: deadline.name,
          afterMs: requireDeadlineMs(deadline.after),
          renewedBy: new Set(deadline.renewedBy.map(({ written }) => written)),
          renewedForMs: requireDeadlineMs(deadline.renewedFor),
          ...(deadline.expiryGuard && { expiryGuard: deadline.expiryGuard }),
        },
      }),
      ...(raises && { raises: raises.written }),
      entryActions: entryActions.map(({ written }) => written),
    })),
    transitions: transitions.map(({ from, trigger, to, conditions, actions }) => ({
      from: [requireState(from)],
      trigger: trigger.written,
      to: requireState(to),
      conditions: conditions.map((each) => ({ text: each.text, holds: requireCondition(each) })),
      actions: actions.map(({ written }) => written),
    })),
  };
}

function compileEffect(model: EffectModel, effects: DomainModel["code"]["effects"]): EffectSpec {
  const { intent, operation, backend, written, outputs, settings } = model;
  const { timeout, batch, concurrency, retry_policy: retry, circuit_breaker: breaker, ask_again: again } = settings;
  return {
    ...{ intentType: intent.written, operation, concurrency },
    ...compileBackend(backend.text),
    effect: requireEntry(effects, written.written, "effect"),
    outputEvents: outputs.map((event) => event.written),
    timeoutMs: requireDurationMs(timeout),
    batchMax: batch.max,
    retry: {
      maxRetries: retry.max_retries,
      initialDelayMs: requireDurationMs(retry.initial_delay),
      exponentialBase: retry.exponential_base,
      maxDelayMs: requireDurationMs(retry.max_delay),
      jitter: retry.jitter,
      ...(retry.retry_on && { retryOn: new Set(retry.retry_on) }),
    },
    breaker: { failureThreshold: breaker.failure_threshold, resetTimeoutMs: requireDurationMs(breaker.reset_timeout) },
    askAgain: { firstMs: requireDurationMs(again.first), maxMs: requireDurationMs(again.max) },
  };
}

/** A field that the payload lacks is empty: then such intents share a key. */
function compileBackend(pattern: string): Pick<EffectSpec, "backend" | "backendKey"> {
  const backend = fixedBackend(pattern);
  if (backend === pattern) return { backend };
  const text = (value: unknown): string => (typeof value === "object" ? "" : String(value));
  return {
    backend,
    backendKey: (payload) =>
      pattern.replace(/\{([^{}]*)\}/g, (_, name: string) =>
        Object.hasOwn(payload, name) ? text(payload[name]).slice(0, BACKEND_FIELD_LENGTH_MAX) : "",
      ),
  };
}

function compileTarget(pattern: string): IntentSpec["target"] {
  // Odd parts are the placeholders' names.
  const parts = pattern.split(/\{([^{}]*)\}/);
  return (payload) => {
    let target = parts[0] ?? "";
    for (let at = 1; at < parts.length; at += 2) {
      const name = parts[at] ?? "";
      const value = Object.hasOwn(payload, name) ? payload[name] : undefined;
      if (typeof value !== "string" && typeof value !== "number")
        throw new Error(`${pattern}: the payload built has no ${name}`);
      target += `${value}${parts[at + 1]}`;
    }
    return target;
  };
}

// What the checks let pass has all of these. Contracts that ran once are compiled without checks, so what the code no
// longer has is found here.
const refuse = (problem: string): never => {
  throw new Error(`${problem}: compile only what was checked`);
};

const requireKnown = <Value>(value: Value | undefined, whatIsMissing: string): Value =>
  value ?? refuse(`no ${whatIsMissing}`);

/** A named entry of the domain's code; never what a prototype has. */
const requireEntry = <Entry>(record: Readonly<Record<string, Entry>>, name: string, kind: string): Entry =>
  requireKnown(Object.hasOwn(record, name) ? record[name] : undefined, `${kind} is called ${name}`);

/** A state as the contract has it: the name that the checks would suggest instead never runs. */
const requireState = ({ name, written, unknown }: NameRef): string =>
  unknown || name !== written ? refuse(`no state is called ${written}`) : written;

const requireDurationMs = (text: string): number => durationMs(text) ?? refuse(`${text} is no duration`);
const requireDeadlineMs = (duration: DeadlineDuration): number =>
  deadlineMs(duration) ?? refuse(`${JSON.stringify(duration)} is no duration`);

const requireCondition = ({ text, parsed }: ExpressionRef): Condition =>
  "problem" in parsed ? refuse(`${text}: ${parsed.problem.message}`) : compileExpression(parsed.expression);
