import { CONDITIONS_MAX } from "../../core/machine.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
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
  const [entityId, attemptId] = [contract.at("entity_id"), contract.at("attempt").at("id")];
  if (attemptId.text() !== undefined && attemptId.text() === entityId.text())
    yield attemptId.contradiction("the entity and the attempt have the same id field", entityId, "of the entity");
  const routing = contract.at("handler_routing");
  for (const handler of routing.items("handlers")) yield* handlerContradictions(handler);
  yield* machineContradictions(contract.at("state_machine"));
  yield* effectContradictions(routing);
  for (const invariant of contract.items("invariants")) yield* invariantContradictions(invariant);
}

function* invariantContradictions(invariant: UncheckedNode): Iterable<Diagnostic> {
  const [never, eventually] = [invariant.at("never"), invariant.at("eventually")];
  if (never.isPresent && eventually.isPresent)
    yield never.contradiction("an invariant has either never or eventually, not both", eventually, "the other", "key");
  if (!never.isPresent && !eventually.isPresent)
    yield invariant.missingKey("never", "a never or an eventually is missing");
}

function* handlerContradictions(handler: UncheckedNode): Iterable<Diagnostic> {
  if (!handler.at("event_model").isPresent) return;
  const [action, matrix] = [handler.at("action"), handler.at("state_decision_matrix")];
  if (action.isPresent && matrix.isPresent) {
    const message = "a handler has either an action or a state_decision_matrix, not both";
    yield action.contradiction(message, matrix, "the matrix", "key");
  }
  if (!action.isPresent && !matrix.isPresent)
    yield handler.missingKey("action", "an action or a state_decision_matrix is missing");
  for (const row of [handler, ...handler.items("state_decision_matrix")]) yield* rowContradictions(row);
}

function* rowContradictions(row: UncheckedNode): Iterable<Diagnostic> {
  const [action, reason, outputs] = [row.at("action"), row.at("reason"), row.at("output_events")];
  const isNoOp = action.text() === "no_op";
  if (isNoOp && !reason.isPresent) yield row.missingKey("reason", "a no_op says why: reason is missing");
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
  if (renewedBy.isPresent && !renewedFor.isPresent) yield deadline.missingKey("renewed_for");
  if (renewedFor.isPresent && !renewedBy.isPresent) yield deadline.missingKey("renewed_by");
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
  missingKey(key: string, message = `the key ${key} is missing`): Diagnostic {
    return diagnosticAt("RC006", this.at(key), message);
  }
}
