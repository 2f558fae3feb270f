import { type Decision, noOp } from "./decision.ts";
import { type Domain, NO_ENTITY } from "./domain.ts";
import { CORRELATION_IDS_MAX, type Entity, viewOf } from "./entity.ts";
import type { HandlerContext, HandlerResult } from "./handler.ts";
import type { Message } from "./message.ts";
import { reconcile } from "./reconcile.ts";
import { firedDeadlineAt, subjectOf } from "./runtime-messages.ts";
import { StepRun } from "./step-run.ts";
import { toRfc3339 } from "./time.ts";

/**
 * Decides what a message leads to, by the domain's contracts. Pure and total: no clock, no randomness, no I/O; the same
 * input gives the same decision on any machine, any day. The decision is only data, the shell carries it out.
 */
export function step(domain: Domain, entity: Entity | undefined, message: Message): Decision {
  const outdated = outdatedReason(entity, message);
  if (outdated !== undefined) return noOp(entity, outdated);
  const run = new StepRun(domain, entity, message);
  try {
    if (message.kind === "drift") return reconcile(domain, entity, message);
    processMessage(run, domain, message);
    run.processQueue((name) => route(run, domain, message, name, {}));
    return run.decision();
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    return { ...noOp(entity, `the domain's code failed on ${message.type}: ${cause}`), result: "refused" };
  }
}

/**
 * Why a message that the runtime made changes nothing any more: its attempt is over, or its deadline was disarmed or
 * moved while it was on its way. This is normal.
 */
function outdatedReason(entity: Entity | undefined, message: Message): string | undefined {
  // A drift message carries the version of the entity that it was compared with, and its entity may be unknown.
  if (message.kind === "bus" || message.kind === "drift") return undefined;
  if (entity === undefined) return `${message.type}: no such entity`;
  if (message.attemptId !== entity.attempt.id)
    return `${message.type} of another attempt: attempt ${entity.attempt.number} is current`;
  if (message.kind !== "deadline") return undefined;
  const armed = entity.deadlines[subjectOf(message.type)];
  if (armed === undefined) return `${message.type}: disarmed`;
  return firedDeadlineAt(message) === armed.at ? undefined : `${message.type}: moved to ${toRfc3339(armed.at)}`;
}

function processMessage(run: StepRun, domain: Domain, message: Message): void {
  const routed = domain.routes.has(message.type);
  if (message.kind === "outcome" || message.kind === "published") {
    const taken = run.offerRuntimeMessage();
    if (!taken && !routed) run.addReason(`${message.type}: nothing waits for it in ${run.describeState()}`);
  }
  if (message.kind === "deadline") run.disarm(subjectOf(message.type));
  const renewable = message.kind === "bus" ? run.renewableDeadline(message.type) : undefined;
  if (routed) {
    const result = route(run, domain, message, message.type, message.payload);
    if (renewable && result !== "nothing") run.renew(renewable);
  } else if (message.kind === "bus") {
    if (!renewable) run.addReason(`${message.type}: nothing waits for it in ${run.describeState()}`);
    else run.renew(renewable);
  }
}

/** Runs the handler action of the first row that matches the entity's state, and queues the events it returns. */
function route(
  run: StepRun,
  domain: Domain,
  message: Message,
  type: string,
  payload: Message["payload"],
): "events" | "absorbed" | "nothing" {
  const before = run.entity;
  const facts = run.facts(payload);
  const rows = domain.routes.get(type)?.rows.get(before.state ?? NO_ENTITY);
  const row = rows?.find(({ when }) => when?.(facts) ?? true);
  if (!row) {
    run.addReason(`${type}: no handler row matches ${run.describeState()}`);
    return "nothing";
  }
  if (row.action.kind === "no_op") {
    run.addReason(row.action.reason);
    return "nothing";
  }
  const context: HandlerContext<never, never> = {
    message: { id: message.id, correlationId: message.correlationId, payload: payload as never },
    entity: viewOf(before, domain.orchestrator),
    now: message.now,
    maxClockSkewMs: domain.maxClockSkewMs,
    deadlineAfter: (name) => toRfc3339(message.now + (domain.deadlineAfterMs.get(name) ?? 0)),
  };
  return applyHandlerResult(run, message, type, row.action.run(context));
}

function applyHandlerResult(
  run: StepRun,
  message: Message,
  type: string,
  result: HandlerResult,
): "events" | "absorbed" | "nothing" {
  if ("kind" in result) {
    run.addReason(result.reason);
    if (result.kind === "absorbed") run.absorb(message.correlationId, CORRELATION_IDS_MAX);
    return result.kind;
  }
  // An event that the machine does not accept refuses a message from the bus, whose sender can read the dead letter.
  // A message that the runtime made has no sender: there the event is left out.
  const isRequired = message.kind === "bus" && type === message.type;
  for (const event of result) run.queueEvent(event, isRequired);
  return result.length > 0 ? "events" : "nothing";
}
