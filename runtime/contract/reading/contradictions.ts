import { CONDITIONS_MAX } from "../../core/machine.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { DEFAULT_ATTEMPT_ID } from "../language/schema.ts";
import { EFFECT_DEFAULTS } from "../language/schema-effect.ts";
import { durationMs } from "../language/schema-parts.ts";
import { type ContractPath, type ContractPlaces, diagnosticAt, keyRef, type SourceRef } from "./contract-source.ts";
import { valueAt } from "./schema-issues.ts";

/**
 * Values that are right one by one and wrong together (RC010), and keys that another key asks for (RC006). Looks at
 * plain values, because it must still report when the contract has other problems: what has the wrong type is passed
 * over.
 */
export function* contractContradictions(data: unknown, source: ContractPlaces): Iterable<Diagnostic> {
  const contract = new UncheckedNode(source, data);
  if (contract.at("node_type").text() === "ORCHESTRATOR") yield* attemptContradictions(contract);
  const routing = contract.at("handler_routing");
  for (const handler of routing.items("handlers")) yield* handlerContradictions(handler);
  yield* machineContradictions(contract.at("state_machine"));
  yield* effectContradictions(routing);
  for (const invariant of contract.items("invariants")) yield* invariantContradictions(invariant);
}

function* attemptContradictions(contract: UncheckedNode): Iterable<Diagnostic> {
  const [entityId, attempt] = [contract.at("entity_id"), contract.at("attempt")];
  const [attemptId, startedBy] = [attempt.at("id"), attempt.at("started_by")];
  if ((attemptId.text() ?? DEFAULT_ATTEMPT_ID) === entityId.text())
    yield (attemptId.isPresent ? attemptId : entityId).contradiction(
      "the entity and the attempt have the same id field",
      entityId,
      "of the entity",
    );
  if (startedBy.isPresent) return;
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

function* handlerContradictions(handler: UncheckedNode): Iterable<Diagnostic> {
  if (!handler.at("event_model").isPresent) return;
  const [action, matrix] = [handler.at("action"), handler.at("state_decision_matrix")];
  const rows = [handler, ...handler.items("state_decision_matrix")];
  if (action.isPresent && matrix.isPresent) {
    const message = "a handler has either an action or a state_decision_matrix, not both";
    yield action.contradiction(message, matrix, "the matrix", "key");
  }
  for (const row of rows) yield* rowContradictions(row);
  const deciding = matrix.isPresent ? rows.slice(1) : [handler];
  if (!handler.at("handler").isPresent) yield* copyContradictions(handler, deciding);
  else if (!action.isPresent && !matrix.isPresent)
    yield action.missingKey("an action or a state_decision_matrix is missing");
  else if (matrix.isPresent)
    for (const row of deciding) if (!row.at("action").isPresent) yield row.at("action").missingKey();
}

/** Without a handler a row returns its one event, which gets the message's fields. */
function* copyContradictions(handler: UncheckedNode, rows: readonly UncheckedNode[]): Iterable<Diagnostic> {
  const named = rows.map((row) => row.at("action").text()).find((action) => action !== undefined && action !== "no_op");
  if (named !== undefined) {
    yield handler.at("handler").missingKey(`the key handler is missing: ${named} is an action of one`);
    return;
  }
  for (const row of rows) {
    if (row.at("action").isPresent) continue;
    const own = row.at("output_events");
    const outputs = own.isPresent ? own : handler.at("output_events");
    const count = Array.isArray(outputs.value) ? outputs.value.length : 0;
    if (count === 1) continue;
    const message = `without a handler a row returns exactly one event, not ${count}: name one, or a handler`;
    yield diagnosticAt("RC010", own.isPresent ? own : row, message);
  }
}

function* rowContradictions(row: UncheckedNode): Iterable<Diagnostic> {
  const [action, reason, outputs] = [row.at("action"), row.at("reason"), row.at("output_events")];
  const isNoOp = action.text() === "no_op";
  if (isNoOp && !reason.isPresent) yield reason.missingKey("a no_op says why: reason is missing");
  if (!isNoOp && reason.isPresent) yield reason.contradiction("only a no_op has a reason", action, "the action", "key");
  if (isNoOp && row.items("output_events").length > 0)
    yield outputs.contradiction("a no_op has no events", action, "the action", "key");
  const states = row.items("current_state");
  const any = states.find((state) => state.text() === "*");
  if (any && states.length > 1) {
    const message = `"*" can't be listed with other states: it already covers all that are left`;
    yield any.contradiction(message, row.at("current_state"), "the list");
  }
}

function* machineContradictions(machine: UncheckedNode): Iterable<Diagnostic> {
  for (const state of machine.items("states")) yield* stateContradictions(state);
  yield* tooManyConditions(machine);
}

function* stateContradictions(state: UncheckedNode): Iterable<Diagnostic> {
  const [transient, terminal, deadline] = [state.at("is_transient"), state.at("is_terminal"), state.at("deadline")];
  if (transient.value === true && terminal.value === true) {
    const message = "a state is either transient or terminal, not both";
    yield transient.contradiction(message, terminal, "declared terminal here", "key");
  }
  if (transient.value === true && deadline.isPresent)
    yield deadline.contradiction("a transient state can't have a deadline", transient, "transient", "key");
  const [renewedBy, renewedFor] = [deadline.at("renewed_by"), deadline.at("renewed_for")];
  const guard = deadline.at("expiry_guard");
  if (renewedBy.isPresent && !renewedFor.isPresent) yield renewedFor.missingKey();
  if (renewedFor.isPresent && !renewedBy.isPresent) yield renewedBy.missingKey();
  if (guard.isPresent && !renewedBy.isPresent && !renewedFor.isPresent)
    yield guard.contradiction("an expiry_guard measures by renewed_for, which is not given", deadline, "here", "key");
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
  const defaults = routing.at("defaults").at("retry_policy");
  yield* contradictoryDelays(defaults, defaults);
  for (const handler of routing.items("handlers")) {
    yield* contradictoryDelays(handler.at("retry_policy"), defaults);
    const [compensation, intent] = [handler.at("compensated_by"), handler.at("intent_type")];
    if (compensation.text() !== undefined && compensation.text() === intent.text())
      yield compensation.contradiction("an intent can't compensate itself", intent, "the intent");
  }
}

/** The longest wait is not shorter than the first, where at least one of them is stated here. */
function* contradictoryDelays(policy: UncheckedNode, defaults: UncheckedNode): Iterable<Diagnostic> {
  const [initialHere, maxHere] = [policy.at("initial_delay"), policy.at("max_delay")];
  if (!initialHere.isPresent && !maxHere.isPresent) return;
  const initial = initialHere.isPresent ? initialHere : defaults.at("initial_delay");
  const max = maxHere.isPresent ? maxHere : defaults.at("max_delay");
  const initialMs = initial.isPresent
    ? durationMs(initial.text() ?? "")
    : durationMs(EFFECT_DEFAULTS.retry_policy.initial_delay);
  const maxMs = durationMs(max.text() ?? "");
  if (initialMs === undefined || maxMs === undefined || maxMs >= initialMs) return;
  if (maxHere.isPresent) yield max.contradiction("max_delay is shorter than initial_delay", initial, "initial_delay");
  else yield initial.contradiction("initial_delay is longer than max_delay", max, "max_delay");
}

/** A part of a contract whose shape is not known to be right: every question about it has an answer. */
class UncheckedNode implements SourceRef {
  readonly source: ContractPlaces;
  readonly value: unknown;
  readonly path: ContractPath;

  constructor(source: ContractPlaces, value: unknown, path: ContractPath = []) {
    this.source = source;
    this.value = value;
    this.path = path;
  }

  get isPresent(): boolean {
    return this.value !== undefined;
  }
  at(key: string | number): UncheckedNode {
    return new UncheckedNode(this.source, valueAt(this.value, [key]), [...this.path, key]);
  }
  items(key: string): readonly UncheckedNode[] {
    const list = this.at(key);
    return Array.isArray(list.value) ? list.value.map((_, index) => list.at(index)) : [];
  }
  text(): string | undefined {
    return typeof this.value === "string" ? this.value : undefined;
  }

  contradiction(message: string, other: UncheckedNode, what: string, part: "key" | "value" = "value"): Diagnostic {
    const { source, path } = this;
    return diagnosticAt("RC010", { source, path, part }, message, { related: [{ at: other, message: what }] });
  }
  missingKey(message = `the key ${String(this.path.at(-1))} is missing`): Diagnostic {
    return diagnosticAt("RC006", this, message);
  }
}
