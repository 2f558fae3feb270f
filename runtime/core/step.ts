import { type Decision, noOp } from "./decision.ts";
import { type Domain, NO_ENTITY } from "./domain.ts";
import { type Entity, viewOf } from "./entity.ts";
import { type HandlerResult, nothing } from "./handler.ts";
import type { Message, Payload } from "./message.ts";
import { reconcile } from "./reconcile.ts";
import { hasFiredFor, subjectOf } from "./runtime-messages.ts";
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
    processMessage(run);
    run.processQueue((name) => route(run, name, {}));
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
  return hasFiredFor(message, armed.at) ? undefined : `${message.type}: moved to ${toRfc3339(armed.at)}`;
}

function processMessage(run: StepRun): void {
  const { kind, type, payload } = run.message;
  const isRouted = run.domain.routes.has(type);
  const isOffered = kind === "outcome" || kind === "published";
  const isTaken = isOffered ? run.applyRuntimeMessage() : kind === "deadline";
  if (kind === "deadline") run.disarm(subjectOf(type));
  const renewable = kind === "bus" ? run.renewableDeadline(type) : undefined;
  const isNothing = isRouted && !route(run, type, payload);
  if (renewable && !isNothing) run.renew(renewable);
  if (!isRouted && !isTaken && !renewable) run.reasons.push(`${type}: nothing waits for it in ${run.describeState()}`);
}

/** Queues the events that a handler returns. @returns whether the message leads to events, or joins the attempt */
function route(run: StepRun, type: string, payload: Payload): boolean {
  const result = handle(run, type, payload);
  if ("kind" in result) {
    run.reasons.push(result.reason);
    if (result.kind === "absorbed") run.absorb();
    return result.kind === "absorbed";
  }
  // An event that the machine does not accept refuses a message from the bus, whose sender can read the dead letter.
  // A message that the runtime made has no sender: there the event is left out.
  const isRequired = run.message.kind === "bus" && type === run.message.type;
  for (const event of result) run.queueEvent(event, isRequired);
  return result.length > 0;
}

/** Runs the handler action of the first row that matches the entity's state. */
function handle(run: StepRun, type: string, payload: Payload): HandlerResult {
  const { domain, message, entity } = run;
  const facts = run.facts(payload);
  const rows = domain.routes.get(type)?.rows.get(entity.state ?? NO_ENTITY);
  const row = rows?.find(({ when }) => when?.(facts) ?? true);
  if (!row) return nothing(`${type}: no handler row matches ${run.describeState()}`);
  if (row.action.kind === "no_op") return nothing(row.action.reason);
  return row.action.run({
    message: { id: message.id, correlationId: message.correlationId, payload: payload as never },
    entity: viewOf(entity, domain.orchestrator),
    now: message.now,
    maxClockSkewMs: domain.maxClockSkewMs,
    deadlineAfter: (name) => toRfc3339(message.now + (domain.deadlineAfterMs.get(name) ?? 0)),
  });
}
