import { NO_ENTITY } from "../../core/domain.ts";
import { didYouMean } from "../diagnostics/did-you-mean.ts";
import { type Diagnostic, joinWithAnd, stateLabel } from "../diagnostics/diagnostic.ts";
import type { CallModel, DomainModel, HandlerModel, ReplyModel, RowModel, TextRef } from "../model/domain-model.ts";
import { alternativesOf } from "../model/events.ts";
import { diagnosticAt, keyRef } from "../reading/contract-source.ts";

/** The contract's own answer to a message of an entity that has ended, under the lifecycle `once`. */
const ENDED = "ENDED";
/** The runtime's, where the call compares what the caller has seen. */
const SEQ_CHANGED = "SEQ_CHANGED";

/**
 * What may become of a message, row by row: RC401 where no reply fits it, RC402 where a reply fits nothing.
 * @param target the model of the domain that takes the message
 */
export function* checkReplies(call: CallModel, message: TextRef, target: DomainModel): Iterable<Diagnostic> {
  const handler = target.handlers.find(({ event }) => event.written === message.text);
  // What the file by itself has wrong is reported there.
  if (!handler || call.replies.length === 0 || !call.replies.every(isSound)) return;
  yield* unansweredRows(call, message, target, handler);
  yield* unansweredWaits(call, target);
  yield* impossibleReplies(call, message, target, handler);
}

function isSound({ event, states, refusal, row }: ReplyModel): boolean {
  const fits = [event, states, refusal, row.dead_letter].filter((each) => each !== undefined);
  return fits.length === 1 && (states?.length === 1 || !states?.some(({ state }) => state === "*"));
}

function* unansweredRows(
  call: CallModel,
  message: TextRef,
  target: DomainModel,
  { rows, copiesFields }: HandlerModel,
): Iterable<Diagnostic> {
  const { orchestrator } = target;
  const at = keyRef(call.at.source, ...call.at.path, "replies");
  const isTransient = (state: string): boolean => orchestrator.states.get(state)?.transient === true;
  for (const row of rows) {
    // By its kind, where there is no reply.
    if (row.refusal) continue;
    const related = [{ at: row.at, message: "decided here" }];
    if (decidesByState(row, copiesFields)) {
      const missing = row.decidableStates.filter((state) => !isTransient(state) && !hasStateReply(call, state));
      if (missing.length === 0) continue;
      const states = joinWithAnd(missing.map(stateLabel));
      yield diagnosticAt("RC401", at, `no reply fits ${message.text} in ${states}`, { related });
    } else if (call.until.length === 0 && row.action && !row.action.unknown && !hasEventReply(call, row)) {
      const [event] = row.outputs;
      yield diagnosticAt("RC401", at, `no reply fits ${event?.name}, to which ${message.text} leads`, { related });
    }
  }
}

/** Whether the row has no event: then the state tells what became of the message. */
const decidesByState = ({ action, outputs }: RowModel, copiesFields: boolean): boolean =>
  !action || (!copiesFields && outputs.length === 0);

const hasStateReply = ({ replies }: CallModel, state: string): boolean =>
  replies.some(({ states }) => states?.some((each) => each.state === "*" || (each.state ?? NO_ENTITY) === state));

/** A function returns one of the alternatives of each item: so all of some item's have to be answered. */
const hasEventReply = ({ replies }: CallModel, { outputs }: RowModel): boolean =>
  alternativesOf(outputs).some((alternatives) =>
    alternatives.every(({ name }) => replies.some(({ event }) => event?.text === name)),
  );

/** Each event that ends the waiting is answered, and some domain publishes it. */
function* unansweredWaits({ until, replies }: CallModel, { published }: DomainModel): Iterable<Diagnostic> {
  const known = published.map(({ written }) => written);
  for (const { text, at } of until)
    if (!known.includes(text))
      yield diagnosticAt("RC101", at, `no event ${text} under published_events`, {
        suggestion: didYouMean(text, known),
      });
    else if (!replies.some(({ event }) => event?.text === text))
      yield diagnosticAt("RC401", at, `no reply fits ${text}, which is waited for`);
}

function* impossibleReplies(
  call: CallModel,
  message: TextRef,
  target: DomainModel,
  handler: HandlerModel,
): Iterable<Diagnostic> {
  const events = [...handler.rows.flatMap(({ outputs }) => outputs.map(({ name }) => name)), ...untilOf(call)];
  const states = statesWithoutEvent(handler);
  const refusals = [...refusalsOf(target, handler), ...(call.row.if_match ? [SEQ_CHANGED] : [])];
  const taken = new Set<string>();
  for (const reply of call.replies) {
    yield* coveredReply(reply, taken);
    const { event, refusal } = reply;
    if (event && !events.includes(event.text)) {
      const suggestion = didYouMean(event.text, events);
      yield diagnosticAt("RC402", event.at, `${message.text} never leads to ${event.text}`, { suggestion });
    }
    for (const { state, at } of reply.states ?? [])
      if (state === "*" ? states.size === 0 : !states.has(state ?? NO_ENTITY))
        yield diagnosticAt("RC402", at, `${message.text} always leads to an event in ${stateName(state)}`, {
          suggestion: typeof state === "string" ? didYouMean(state, states) : undefined,
        });
    if (refusal && !refusals.includes(refusal.text))
      yield diagnosticAt("RC402", refusal.at, `${message.text} is never declined with ${refusal.text}`, {
        suggestion: didYouMean(refusal.text, refusals),
      });
  }
}

const stateName = (state: string | null): string => (state === "*" ? "every state" : (state ?? "null"));

const untilOf = ({ until }: CallModel): readonly string[] => until.map(({ text }) => text);

/** What the contract may decline the message with: by a row, by a function, or since its entity has ended. */
function refusalsOf({ code }: DomainModel, { rows, handler, declinedStates }: HandlerModel): readonly string[] {
  const byRow = rows.flatMap(({ refusal }) => refusal?.name ?? []);
  const byFunction = code.handlers[handler.name]?.refusals ?? [];
  return [...byRow, ...byFunction, ...(declinedStates.length > 0 ? [ENDED] : [])];
}

/** In which the message may lead to no event: by a row that says so, or by a function that returns none. */
function statesWithoutEvent({ rows, copiesFields }: HandlerModel): ReadonlySet<string> {
  const decided = rows.filter(({ action, refusal }) => !refusal && (!action || !copiesFields));
  return new Set(decided.flatMap(({ decidableStates }) => decidableStates));
}

/** What an earlier reply takes never comes to a later one. */
function* coveredReply({ event, states, refusal, row, at }: ReplyModel, taken: Set<string>): Iterable<Diagnostic> {
  const parts = [
    ...(event ? [{ key: `event ${event.text}`, at: event.at }] : []),
    ...(states ?? []).map((each) => ({ key: `state ${each.state}`, at: each.at })),
    ...(refusal ? [{ key: `refusal ${refusal.text}`, at: refusal.at }] : []),
    ...(row.dead_letter ? [{ key: "dead_letter", at }] : []),
  ];
  for (const part of parts) {
    const isCovered = taken.has(part.key) || (part.key.startsWith("state ") && taken.has("state *"));
    if (isCovered) yield diagnosticAt("RC402", part.at, "an earlier reply fits all of it");
    taken.add(part.key);
  }
}
