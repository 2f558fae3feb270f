import type { Decision } from "./decision.ts";
import type { Domain, RouteRow } from "./domain.ts";
import { NO_ENTITY } from "./domain.ts";
import { CORRELATION_IDS_MAX, type Entity, viewOf } from "./entity.ts";
import type { HandlerContext, HandlerResult } from "./handler.ts";
import type { Message } from "./message.ts";
import { reconcile } from "./reconcile.ts";
import { StepRun } from "./step-run.ts";
import { fromRfc3339, toRfc3339 } from "./time.ts";

/**
 * What a message leads to, by the contracts. Pure and total: no clock, no randomness, no I/O, and the same answer on
 * any machine, any day. Nothing of the decision has happened yet.
 */
export function step(domain: Domain, entity: Entity | undefined, message: Message): Decision {
  const outdated = outdatedReason(entity, message);
  if (outdated !== undefined) return noOp(entity, outdated);

  const run = new StepRun(domain, entity, message);
  try {
    if (message.kind === "drift") return reconcile(domain, entity, message);
    processMessage(run, domain, message);
    run.processQueue((name, payload) => route(run, domain, message, name, payload));
  } catch (error) {
    const reason =
      `the domain's code failed on ${message.type}: ` + `${error instanceof Error ? error.message : String(error)}`;
    return { ...noOp(entity, reason), result: "refused" };
  }
  return run.decision();
}

/** Messages that the shell makes belong to an attempt; one that is no longer current is ordinary life. */
function outdatedReason(entity: Entity | undefined, message: Message): string | undefined {
  // A comparison says itself what it was made with, and an entity may be missing.
  if (message.kind === "bus" || message.kind === "drift") return undefined;
  if (entity === undefined) return `${message.type}: no such entity`;
  if (message.attemptId !== entity.attempt.id)
    return `${message.type} of another attempt: attempt ${entity.attempt.number} is current`;
  if (message.kind !== "deadline") return undefined;
  const armed = entity.deadlines[deadlineName(message.type)];
  const deadlineAt = message.payload["deadline_at"];
  if (armed === undefined) return `${message.type}: disarmed`;
  if (typeof deadlineAt !== "string" || fromRfc3339(deadlineAt) !== armed.at)
    return `${message.type}: moved to ${toRfc3339(armed.at)}`;
  return undefined;
}

const deadlineName = (type: string): string => type.slice("deadline(".length, -1);

function processMessage(run: StepRun, domain: Domain, message: Message): void {
  const routed = domain.routes.has(message.type);
  if (message.kind === "outcome" || message.kind === "published") {
    const taken = run.offerRuntimeMessage();
    if (!taken && !routed) run.addReason(`${message.type}: nothing waits for it in ${run.describeState()}`);
  }
  if (message.kind === "deadline") run.disarm(deadlineName(message.type));
  const renewable = message.kind === "bus" ? run.renewableDeadline(message.type) : undefined;
  if (routed) {
    const result = route(run, domain, message, message.type, message.payload);
    if (renewable && result !== "nothing") run.renew(renewable);
  } else if (message.kind === "bus") {
    if (!renewable) run.addReason(`${message.type}: nothing waits for it in ${run.describeState()}`);
    else run.renew(renewable);
  }
}

/** Finds the row, runs its action, queues its events. */
function route(
  run: StepRun,
  domain: Domain,
  message: Message,
  type: string,
  payload: Message["payload"],
): "events" | "absorbed" | "nothing" {
  const found = domain.routes.get(type);
  const before = run.entity;
  const facts = { payload, state: before.data, unconfirmed: before.attempt.awaiting.length };
  const row = found?.rows
    .get(before.state ?? NO_ENTITY)
    ?.find((candidate: RouteRow) => candidate.when?.(facts) ?? true);
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
  // Only what came from outside is refused for an event that does not fit: nobody else could be told.
  const isRequired = message.kind === "bus" && type === message.type;
  for (const event of result) run.queueEvent(event, isRequired);
  return result.length > 0 ? "events" : "nothing";
}

const noOp = (entity: Entity | undefined, reason: string): Decision => ({
  entity,
  events: [],
  intents: [],
  moves: [],
  result: "no_op",
  reason,
});
