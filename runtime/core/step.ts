import { type Decision, declined, noOp } from "./decision.ts";
import { type Domain, NO_ENTITY, type RouteRow } from "./domain.ts";
import { doorContext } from "./door.ts";
import { type Entity, isPurged, viewOf } from "./entity.ts";
import { type HandlerResult, nothing, refuse, type Refused } from "./handler.ts";
import type { Message, Payload } from "./message.ts";
import { reconcile } from "./reconcile.ts";
import { BUILT_IN_REFUSALS, checkedDetails } from "./refusal.ts";
import { hasFiredFor, purgePayloadOf, subjectOf } from "./runtime-messages.ts";
import { StepRun } from "./step-run.ts";
import { toRfc3339 } from "./time.ts";

/**
 * Decides what a message leads to, by the domain's contracts. Pure and total: no clock, no randomness, no I/O; the same
 * input gives the same decision on any machine, any day. The decision is only data, the shell carries it out.
 */
export function step(domain: Domain, entity: Entity | undefined, message: Message): Decision {
  const outdated = outdatedReason(domain, entity, message);
  if (outdated !== undefined) return noOp(entity, outdated);
  if (message.kind === "bus" && message.door === undefined && domain.doorRequired.has(message.type))
    return withoutDoor(entity, message);
  if (message.kind === "bus" && hasEndedOnce(domain, entity)) return declinedAsEnded(entity, message);
  if (message.door?.if_match !== undefined && message.door.if_match !== seqOf(entity))
    return withOtherSeq(entity, message);
  const run = new StepRun(domain, entity, message);
  try {
    if (message.kind === "drift") return reconcile(domain, entity, message);
    if (message.kind === "purge") return purge(run);
    const refused = processMessage(run);
    if (refused) return declinedByContract(run, entity, refused);
    run.processQueue((name) => route(run, name, {}));
    return run.decision();
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    return { ...noOp(entity, `the domain's code failed on ${message.type}: ${cause}`), result: "refused" };
  }
}

const hasEndedOnce = ({ lifecycle, orchestrator }: Domain, entity: Entity | undefined): entity is Entity =>
  lifecycle === "once" && entity !== undefined && orchestrator.states.get(entity.state ?? NO_ENTITY)?.terminal === true;

const builtIn = (code: keyof typeof BUILT_IN_REFUSALS) => ({ code, kind: BUILT_IN_REFUSALS[code] });

function declinedAsEnded(entity: Entity, message: Message): Decision {
  const why = isPurged(entity) ? "it had ended, and was purged" : `ended in ${entity.state}`;
  return declined(entity, message, builtIn("ENDED"), `${message.type}: ${why}`);
}

function withoutDoor(entity: Entity | undefined, message: Message): Decision {
  const why = "the contract reads who sent it, and it came through no gateway";
  return declined(entity, message, builtIn("DOOR_REQUIRED"), `${message.type}: ${why}`);
}

/** Of what is not there, or no more: 0. */
const seqOf = (entity: Entity | undefined): number => (entity === undefined || isPurged(entity) ? 0 : entity.seq);

function withOtherSeq(entity: Entity | undefined, message: Message): Decision {
  const seq = seqOf(entity);
  const why = `its sender has seen seq ${message.door?.if_match}, and it is at ${seq}`;
  return declined(entity, message, { ...builtIn("SEQ_CHANGED"), details: { seq } }, `${message.type}: ${why}`);
}

/** @throws Error for a refusal that the contract does not list, or with details that are too large */
function declinedByContract({ domain, message }: StepRun, entity: Entity | undefined, refused: Refused): Decision {
  const { code } = refused;
  const refusal = domain.refusals.get(code);
  if (!refusal) throw new Error(`no refusal ${code} is listed`);
  const details = refused.details === undefined ? undefined : checkedDetails(code, refused.details);
  const answer = { code, kind: refusal.kind, details };
  return declined(entity, message, answer, `${message.type}: ${code}: ${refusal.message}`);
}

/**
 * Why a message that the runtime made changes nothing any more: its attempt is over, a document has asked anew since,
 * or its deadline was disarmed or moved while it was on its way. This is normal.
 */
function outdatedReason({ lifecycle }: Domain, entity: Entity | undefined, message: Message): string | undefined {
  // A drift message carries the version of the entity that it was compared with, and its entity may be unknown.
  if (message.kind === "bus" || message.kind === "drift") return undefined;
  if (entity === undefined) return `${message.type}: no such entity`;
  if (isPurged(entity)) return `${message.type}: the entity was purged`;
  if (message.attemptId !== entity.attempt.id)
    return `${message.type} of another attempt: attempt ${entity.attempt.number} is current`;
  if (message.kind === "outcome" && lifecycle === "document" && !isAwaited(entity, message))
    return `${message.type}: superseded by a newer intent of its target`;
  if (message.kind !== "deadline") return undefined;
  const armed = entity.deadlines[subjectOf(message.type)];
  if (armed === undefined) return `${message.type}: disarmed`;
  return hasFiredFor(message, armed.at) ? undefined : `${message.type}: moved to ${toRfc3339(armed.at)}`;
}

/** Forgets an entity that is where the message says that it ended: it has not moved on while that was on its way. */
function purge(run: StepRun): Decision {
  const { domain, entity, message } = run;
  const { ended_at, by } = purgePayloadOf(message);
  const { retainMs } = domain.orchestrator.states.get(entity.state ?? NO_ENTITY) ?? {};
  const where = `purge: it is in ${entity.state ?? "no state"} since ${toRfc3339(entity.stateSince)}`;
  if (retainMs === undefined || ended_at !== toRfc3339(entity.stateSince)) return noOp(entity, where);
  if (by === "retain" && message.now - entity.stateSince < retainMs) return noOp(entity, `${where}, for too short`);
  run.purge(by === "retain" ? "kept as long as `retain` says" : "an operator asked for it");
  return run.decision();
}

const isAwaited = ({ attempt }: Entity, { intentId = "" }: Message): boolean => attempt.awaiting.includes(intentId);

/** @returns the contract's answer where it does not take the message */
function processMessage(run: StepRun): Refused | undefined {
  const { kind, type, payload } = run.message;
  const isRouted = run.domain.routes.has(type);
  const isOffered = kind === "outcome" || kind === "published";
  const isTaken = isOffered ? run.applyRuntimeMessage() : kind === "deadline";
  if (kind === "deadline") run.disarm(subjectOf(type));
  if (isRouted) {
    // Only a message from outside shows that its sender is alive.
    const led = route(run, type, payload);
    if (typeof led === "object") return led;
    if (led && kind === "bus") run.renew();
  } else if (!isTaken) run.reasons.push(`${type}: nothing waits for it in ${run.describeState()}`);
  return undefined;
}

/**
 * Queues the events that a handler returns.
 * @returns whether the message leads to events, or joins the attempt; or that it is refused
 * @throws Error for a refusal of what the runtime itself says: nobody is there to hear it
 */
function route(run: StepRun, type: string, payload: Payload): boolean | Refused {
  const result = handle(run, type, payload);
  if (result === RENEW) {
    if (!run.renew()) run.reasons.push(`${type}: nothing to renew in ${run.describeState()}`);
    return false;
  }
  if ("kind" in result) {
    if (result.kind === "refused") {
      if (run.message.kind === "bus" && type === run.message.type) return result;
      throw new Error(`${type} is refused with ${result.code}, and comes from the runtime`);
    }
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

/** The row moves deadlines, and does nothing else. */
const RENEW = Symbol("renew");

/** Runs the handler action of the first row that matches the entity's state. */
function handle(run: StepRun, type: string, payload: Payload): HandlerResult | typeof RENEW {
  const { domain, entity } = run;
  const facts = run.facts(payload);
  const rows = domain.routes.get(type)?.rows.get(entity.state ?? NO_ENTITY);
  const row = rows?.find(({ when }) => when?.(facts) ?? true);
  if (!row) return nothing(`${type}: no handler row matches ${run.describeState()}`);
  if (row.action.kind === "no_op") return nothing(row.action.reason);
  if (row.action.kind === "renew") return RENEW;
  return row.action.kind === "refuse" ? refuse(row.action.code) : call(run, row, row.action, payload);
}

/** @throws Error for a result that the contract or the handler does not name */
function call(
  { domain, message, entity }: StepRun,
  { oneOf = [] }: RouteRow,
  action: Extract<RouteRow["action"], { readonly kind: "call" }>,
  payload: Payload,
): HandlerResult {
  const context = {
    message: { id: message.id, correlationId: message.correlationId, payload: payload as never },
    entity: viewOf(entity, domain.orchestrator),
    now: message.now,
    maxClockSkewMs: domain.maxClockSkewMs,
    deadlineAfter: (name: string) => toRfc3339(message.now + (domain.deadlineAfterMs.get(name) ?? 0)),
  };
  // A handler that declares nothing of a door is not given it.
  const given = context as typeof context & ReturnType<typeof doorContext>;
  const result = action.run(action.readsDoor ? { ...context, ...doorContext(message.door) } : given);
  if ("kind" in result && result.kind === "refused") {
    if (action.refusals.includes(result.code)) return result;
    throw new Error(`${action.name} refuses with ${result.code}, which its handler does not declare`);
  }
  for (const types of oneOf) requireOneOf(types, result, action.name);
  return result;
}

/** @throws Error unless the function has returned exactly one event of these types */
function requireOneOf(types: readonly string[], result: HandlerResult, action: string): void {
  const returned = "kind" in result ? [] : result.filter(({ type }) => types.includes(type));
  if (returned.length === 1) return;
  const what = returned.length === 0 ? "none" : returned.map(({ type }) => type).join(" and ");
  throw new Error(`${action} returned ${what} of ${types.join(" | ")}: it returns exactly one of them`);
}
