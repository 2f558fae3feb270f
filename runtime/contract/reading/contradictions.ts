import { CONDITIONS_MAX } from "../../core/machine.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { DEFAULT_ATTEMPT_ID } from "../language/schema.ts";
import { formatAlternatives, parseAlternatives } from "../language/alternatives.ts";
import { EFFECT_DEFAULTS } from "../language/schema-effect.ts";
import { durationMs } from "../language/schema-parts.ts";
import { type ContractPlaces, diagnosticAt, keyRef } from "./contract-source.ts";
import { gatewayContradictions } from "./gateway-contradictions.ts";
import { UncheckedNode } from "./unchecked-node.ts";

/**
 * Values that are right one by one and wrong together (RC010), and keys that another key asks for (RC006). Looks at
 * plain values, because it must still report when the contract has other problems: what has the wrong type is passed
 * over.
 */
export function* contractContradictions(data: unknown, source: ContractPlaces): Iterable<Diagnostic> {
  const contract = new UncheckedNode(source, data);
  if (contract.at("node_type").text() === "ORCHESTRATOR") {
    yield* attemptContradictions(contract);
    yield* staysContradictions(contract);
  }
  if (contract.at("node_type").text() === "GATEWAY") yield* gatewayContradictions(contract);
  const routing = contract.at("handler_routing");
  for (const handler of routing.items("handlers")) yield* handlerContradictions(handler);
  yield* machineContradictions(contract.at("state_machine"));
  yield* effectContradictions(routing);
  for (const invariant of contract.items("invariants")) yield* invariantContradictions(invariant);
  for (const projection of contract.items("projections")) yield* projectionContradictions(projection);
}

function* attemptContradictions(contract: UncheckedNode): Iterable<Diagnostic> {
  const [entityId, attempt] = [contract.at("entity_id"), contract.at("attempt")];
  const [attemptId, startedBy, lifecycle] = [attempt.at("id"), attempt.at("started_by"), contract.at("lifecycle")];
  const isDocument = lifecycle.text() === "document";
  if (isDocument && attempt.isPresent)
    yield attempt.contradiction("a document's life is its one attempt: leave attempt out", lifecycle, "here", "key");
  if ((attemptId.text() ?? DEFAULT_ATTEMPT_ID) === entityId.text())
    yield (attemptId.isPresent ? attemptId : entityId).contradiction(
      "the entity and the attempt have the same id field",
      entityId,
      "of the entity",
    );
  if (startedBy.isPresent || isDocument) return;
  const transitions = contract.at("state_machine").items("transitions");
  const fromNull = transitions.filter((transition) => [transition.at("from_state").value].flat().includes(null));
  const [first, ...others] = fromNull.map((transition) => transition.at("trigger"));
  const second = others.find((trigger) => trigger.text() !== first?.text());
  if (!first || !second) return;
  const message = `${first.text()} and ${second.text()} lead from null: attempt.started_by has to name one of them`;
  yield diagnosticAt("RC006", second, message, { related: [{ at: first, message: "leads from null too" }] });
}

function* invariantContradictions(invariant: UncheckedNode): Iterable<Diagnostic> {
  const [never, eventually] = [invariant.at("never"), invariant.at("eventually")];
  if (never.isPresent && eventually.isPresent)
    yield never.contradiction("an invariant has either never or eventually, not both", eventually, "the other", "key");
  if (!never.isPresent && !eventually.isPresent) yield never.missingKey("a never or an eventually is missing");
}

const ROWS = ["row", "rows", "log"] as const;
const KEYS = {
  row: { fits: (length: number) => length === 1, text: "has one row an entity: its key is the entity's id alone" },
  rows: { fits: (length: number) => length > 1, text: "has several rows an entity: its key has another column too" },
  log: { fits: (length: number) => length === 2, text: "is a log: its key is the entity's id, then the time" },
};

function* projectionContradictions(projection: UncheckedNode): Iterable<Diagnostic> {
  const [kind, ...others] = ROWS.filter((each) => projection.at(each).isPresent);
  if (kind === undefined) return void (yield projection.missingKey("a row, rows or log is missing"));
  for (const other of others) {
    const message = "a projection has one of row, rows and log";
    yield projection.at(other).contradiction(message, projection.at(kind), "the first", "key");
  }
  const key = projection.at("key");
  const columns = Array.isArray(key.value) ? projection.items("key") : [key];
  if (!key.isPresent || columns.some((column) => column.text() === undefined)) return;
  if (!KEYS[kind].fits(columns.length))
    yield key.contradiction(`this projection ${KEYS[kind].text}`, projection.at(kind), kind);
}

function* handlerContradictions(handler: UncheckedNode): Iterable<Diagnostic> {
  if (!handler.at("event_model").isPresent) return;
  const matrix = handler.at("state_decision_matrix");
  const decision = handler.first("action", "refuse");
  const rows = [handler, ...handler.items("state_decision_matrix")];
  if (decision.isPresent && matrix.isPresent) {
    const message = `a handler has either ${decision.path.at(-1)} or a state_decision_matrix, not both`;
    yield decision.contradiction(message, matrix, "the matrix", "key");
  }
  for (const row of rows) yield* rowContradictions(row);
  const deciding = matrix.isPresent ? rows.slice(1) : [handler];
  if (!handler.at("handler").isPresent) yield* copyContradictions(handler, deciding);
  else if (!decision.isPresent && !matrix.isPresent)
    yield decision.missingKey("an action or a state_decision_matrix is missing");
  else if (matrix.isPresent)
    for (const row of deciding) if (!row.first("action", "refuse").isPresent) yield row.at("action").missingKey();
}

/** Without a handler a row returns its one event, which gets the message's fields. */
function* copyContradictions(handler: UncheckedNode, rows: readonly UncheckedNode[]): Iterable<Diagnostic> {
  const named = rows.map((row) => row.at("action").text()).find((action) => action !== undefined && !isBuiltIn(action));
  if (named !== undefined) {
    yield handler.at("handler").missingKey(`the key handler is missing: ${named} is an action of one`);
    return;
  }
  for (const row of rows) {
    if (row.first("action", "refuse").isPresent) continue;
    const own = row.at("output_events");
    const count = (own.isPresent ? row : handler).items("output_events").flatMap(alternativesIn).length;
    if (count === 1) continue;
    const message = `without a handler a row returns exactly one event, not ${count}: name one, or a handler`;
    yield diagnosticAt("RC010", own.isPresent ? own : row, message);
  }
}

const isBuiltIn = (action: string | undefined): boolean => action === "no_op" || action === "renew";

function* rowContradictions(row: UncheckedNode): Iterable<Diagnostic> {
  const [action, reason, outputs] = [row.first("action", "refuse"), row.at("reason"), row.at("output_events")];
  const name = row.at("action").text();
  const refuse = row.at("refuse");
  if (refuse.isPresent && refuse.path.join() !== action.path.join())
    yield refuse.contradiction("a row has either an action or refuse, not both", action, "the action", "key");
  if (refuse.isPresent && row.items("output_events").length > 0 && !row.at("event_model").isPresent)
    yield outputs.contradiction("what is refused has no events", refuse, "refused here", "key");
  const isNoOp = name === "no_op";
  if (isNoOp && !reason.isPresent) yield reason.missingKey("a no_op says why: reason is missing");
  if (!isNoOp && reason.isPresent) yield reason.contradiction("only a no_op has a reason", action, "the action", "key");
  if (isBuiltIn(name) && row.items("output_events").length > 0)
    yield outputs.contradiction(`a ${name} has no events`, action, "the action", "key");
  yield* repeatedAlternatives(row);
  const states = row.items("current_state");
  const any = states.find((state) => state.text() === "*");
  if (any && states.length > 1) {
    const message = `"*" can't be listed with other states: it already covers all that are left`;
    yield any.contradiction(message, row.at("current_state"), "the list");
  }
}

const alternativesIn = (item: UncheckedNode) => parseAlternatives(item.text() ?? "");

/** Of `A | B` one is returned: what would it mean if A stood there once more? */
function* repeatedAlternatives(row: UncheckedNode): Iterable<Diagnostic> {
  const items = row.items("output_events");
  for (const item of items) {
    const alternatives = alternativesIn(item).map(({ name }) => name);
    if (alternatives.length < 2) continue;
    const all = items.flatMap(alternativesIn).map(({ name }) => name);
    const twice = alternatives.find((name) => all.filter((each) => each === name).length > 1);
    if (twice === undefined) continue;
    const message = `${twice} is named twice, and of ${formatAlternatives(alternatives)} exactly one is returned`;
    yield diagnosticAt("RC010", item, message);
  }
}

function* machineContradictions(machine: UncheckedNode): Iterable<Diagnostic> {
  for (const state of machine.items("states")) yield* stateContradictions(state);
  yield* tooManyConditions(machine);
}

function* stateContradictions(state: UncheckedNode): Iterable<Diagnostic> {
  const [transient, deadline] = [state.at("is_transient"), state.at("deadline")];
  const kinds = (["is_transient", "rests", "is_terminal"] as const).filter((key) => state.at(key).value === true);
  const [kind, other] = kinds.map((key) => state.at(key));
  if (kind && other) yield kind.contradiction(`a state is either ${eitherOr(kinds)}, not both`, other, "here", "key");
  if (transient.value === true && deadline.isPresent)
    yield deadline.contradiction("a transient state can't have a deadline", transient, "transient", "key");
  const retain = state.at("retain");
  if (retain.isPresent && state.at("is_terminal").value !== true)
    yield retain.contradiction("only an entity that has ended is purged: retain goes with is_terminal", state, "here");
  if (retain.isPresent && deadline.isPresent)
    yield retain.contradiction("an entity that waits for a deadline can't be purged", deadline, "the deadline", "key");
  const [renewedBy, renewedFor] = [deadline.at("renewed_by"), deadline.at("renewed_for")];
  const guard = deadline.at("expiry_guard");
  if (renewedBy.isPresent && !renewedFor.isPresent) yield renewedFor.missingKey();
  if (renewedFor.isPresent && !renewedBy.isPresent) yield renewedBy.missingKey();
  if (guard.isPresent && !renewedBy.isPresent && !renewedFor.isPresent)
    yield guard.contradiction("an expiry_guard measures by renewed_for, which is not given", deadline, "here", "key");
}

const eitherOr = (keys: readonly string[]): string => keys.map((key) => key.replace("is_", "")).join(" or ");

/** Only where a document rests there is something to stay in. */
function* staysContradictions(contract: UncheckedNode): Iterable<Diagnostic> {
  const lifecycle = contract.at("lifecycle");
  for (const state of contract.at("state_machine").items("states")) {
    const [stays, rests] = [state.at("stays"), state.at("rests")];
    if (stays.value !== true) continue;
    if (lifecycle.text() !== "document")
      yield stays.contradiction("only a state of a document stays", lifecycle, "the lifecycle", "key");
    else if (rests.value !== true) yield rests.missingKey("a state that stays also rests: the key rests is missing");
  }
}

/** Each condition doubles the machine's table for its (state, trigger). */
function* tooManyConditions(machine: UncheckedNode): Iterable<Diagnostic> {
  const expressionsByKey = new Map<string, Set<string>>();
  for (const transition of machine.items("transitions")) {
    const trigger = transition.at("trigger").text();
    const expressions = transition.items("conditions").flatMap((each) => each.at("expression").text() ?? []);
    const crowdedState = [transition.at("from_state").value].flat().find((state) => {
      const key = `${String(state)} ${trigger}`;
      const before = expressionsByKey.get(key) ?? new Set();
      const all = new Set([...before, ...expressions]);
      expressionsByKey.set(key, all);
      return typeof state === "string" && before.size <= CONDITIONS_MAX && all.size > CONDITIONS_MAX;
    });
    if (crowdedState === undefined) continue;
    const { source, path } = transition.at("conditions");
    const message = `more than ${CONDITIONS_MAX} different conditions for ${trigger} in ${String(crowdedState)}`;
    yield diagnosticAt("RC010", keyRef(source, ...path), message);
  }
}

function* effectContradictions(routing: UncheckedNode): Iterable<Diagnostic> {
  const defaults = routing.at("defaults");
  for (const handler of [defaults, ...routing.items("handlers")])
    for (const waits of [RETRIES, QUESTIONS]) yield* contradictoryDelays(handler, defaults, waits);
  for (const handler of routing.items("handlers")) {
    const [compensation, intent] = [handler.at("compensated_by"), handler.at("intent_type")];
    if (compensation.text() !== undefined && compensation.text() === intent.text())
      yield compensation.contradiction("an intent can't compensate itself", intent, "the intent");
  }
}

const RETRIES = {
  key: "retry_policy",
  first: "initial_delay",
  max: "max_delay",
  standard: EFFECT_DEFAULTS.retry_policy.initial_delay,
};
const QUESTIONS = { key: "ask_again", first: "first", max: "max", standard: EFFECT_DEFAULTS.ask_again.first };

/** The longest wait is not shorter than the first, where at least one of them is stated here. */
function* contradictoryDelays(
  handler: UncheckedNode,
  defaults: UncheckedNode,
  { key, first: firstKey, max: maxKey, standard }: typeof RETRIES,
): Iterable<Diagnostic> {
  const [here, shared] = [handler.at(key), defaults.at(key)];
  const [firstHere, maxHere] = [here.at(firstKey), here.at(maxKey)];
  if (!firstHere.isPresent && !maxHere.isPresent) return;
  const first = firstHere.isPresent ? firstHere : shared.at(firstKey);
  const max = maxHere.isPresent ? maxHere : shared.at(maxKey);
  const firstMs = durationMs(first.isPresent ? (first.text() ?? "") : standard);
  const maxMs = durationMs(max.text() ?? "");
  if (firstMs === undefined || maxMs === undefined || maxMs >= firstMs) return;
  if (maxHere.isPresent) yield max.contradiction(`${maxKey} is shorter than ${firstKey}`, first, firstKey);
  else yield first.contradiction(`${firstKey} is longer than ${maxKey}`, max, maxKey);
}
