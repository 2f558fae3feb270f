import type { FastifyReply, FastifyRequest } from "fastify";
import type { Declined } from "../../../runtime/core/decision.ts";
import { doorContext } from "../../../runtime/core/door.ts";
import { isPurged, newEntity } from "../../../runtime/core/entity.ts";
import type { Message, NewEvent, Payload } from "../../../runtime/core/message.ts";
import type { CallSpec, MessageCall } from "../../../runtime/core/gateway.ts";
import { declinedUnwritten } from "../../../runtime/gateway/declined-unwritten.ts";
import { entityTag } from "../../../runtime/gateway/entity-tag.ts";
import { chooseReply, type Outcome, statusOfRefusal, statusOfReply } from "../../../runtime/gateway/replies.ts";
import type { RecordPlace } from "../../../runtime/ports/event-bus.ts";
import type { Followed } from "../../../runtime/shell/follow/followed.ts";
import { shown } from "../../../runtime/gateway/shown-entity.ts";
import type { System } from "../../host/compose.ts";
import { Problem, type ProblemOptions } from "../server/problem.ts";
import type { GatewayContext } from "./gateway-context.ts";
import { readAccess } from "./queries.ts";

const WAITS_MAX = 1_000;

/** A message that is to be published, and answered. */
export interface Command {
  readonly call: CallSpec;
  readonly does: MessageCall;
  readonly system: System;
  readonly messageId: string;
  readonly entityId: string;
  /** With its door. */
  readonly message: Message;
  /** Where it is told what became of the message. */
  readonly location: string;
  /** @returns where it lies when a turn may take it and journal nothing */
  readonly publish: () => Promise<RecordPlace | undefined>;
}

type Taken = Extract<Followed, { readonly kind: "step" | "taken" | "dead_letter" }>;

/** What has become of a message, with what is answered. */
interface Told {
  readonly outcome: Outcome;
  readonly item: Taken;
  /** Of an outcome `declined`. */
  readonly declined?: Pick<Declined, "code" | "kind" | "details"> | undefined;
  readonly reason?: string | undefined;
}

/** Publishes it, and answers when what the contract waits for is there. */
export async function answerCommand(
  context: GatewayContext,
  command: Command,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { wait } = command.does;
  if (wait === "none") {
    await command.publish();
    return accepted(command, reply);
  }
  const told = await follow(context, command, request, wait);
  const chosen = chooseReply(command.does.replies, told.outcome);
  if (!chosen) return unanswered(command, told, reply);
  const { view } = chosen.reply;
  const code = statusOfReply(chosen.reply, told.declined?.kind);
  if (!view && code >= 400) throw asProblem(command, told, code);
  void reply.code(code).headers(tagOf(command, told));
  if (!view) return reply.send();
  const body = await viewed(context, request, command, told.item, chosen.event, view);
  return reply.type("application/json").send(JSON.stringify(body));
}

const accepted = ({ messageId, entityId, location }: Command, reply: FastifyReply): FastifyReply =>
  reply
    .code(202)
    .header("location", location)
    .type("application/json")
    .send(JSON.stringify({ message_id: messageId, entity_id: entityId }));

/** Resolves with what is to be answered. @throws Problem timeout, unavailable, overloaded; Fault of bus and store */
async function follow(
  { clock, closing }: GatewayContext,
  command: Command,
  request: FastifyRequest,
  { until, timeoutMs }: Exclude<MessageCall["wait"], "none">,
): Promise<Told> {
  const { system, entityId, messageId, publish } = command;
  const { followers } = system.following;
  if (followers.size >= WAITS_MAX)
    throw new Problem("overloaded", "too many requests are waiting for an answer", { retryAfterSeconds: 1 });
  const over = new AbortController();
  const end = (): void => over.abort();
  const cancel = clock.after(timeoutMs, end);
  request.raw.socket.once("close", end);
  try {
    const signal = AbortSignal.any([over.signal, closing]);
    const told = await followers.follow({ entityId, messageId, reading: "answers", signal, publish });
    let first: Told | undefined;
    for await (const item of told) {
      if (item.kind === "superseded_intent") continue;
      if (item.kind === "end") {
        if (first && (item.reason === "complete" || item.reason === "purged")) return first;
        throw untold(command, closing.aborted, timeoutMs);
      }
      const each = toldBy(item, command);
      first ??= each;
      if (until.length === 0 || isLast(each, first, until)) return each;
    }
    throw untold(command, closing.aborted, timeoutMs);
  } finally {
    cancel();
    request.raw.socket.off("close", end);
    end();
  }
}

/** A message that led to nothing will not lead to what is waited for. */
const isLast = ({ outcome, item }: Told, first: Told, until: readonly string[]): boolean =>
  outcome.kind !== "step" ||
  outcome.events.some((event) => until.includes(event)) ||
  (item === first.item && outcome.events.length === 0);

function toldBy(item: Taken, { system, message }: Command): Told {
  if (item.kind === "dead_letter") return { item, outcome: { kind: "dead_letter" } };
  if (item.kind === "taken") {
    const { declined, reason } = declinedUnwritten(system.domain, item.entity, message) ?? {};
    if (declined) return { item, declined, reason, outcome: { kind: "declined", code: declined.code } };
    return { item, outcome: { kind: "step", events: [], state: item.entity?.state ?? null } };
  }
  const { declined, state, reason } = item.line;
  if (declined) return { item, declined, reason, outcome: { kind: "declined", code: declined.code } };
  return { item, reason, outcome: { kind: "step", events: item.events.map(({ type }) => type), state } };
}

/** Where callers say what they have seen, answers say what there is now. */
function tagOf({ does }: Command, { item }: Told): Readonly<Record<string, string>> {
  const entity = item.kind === "dead_letter" ? undefined : item.entity;
  return does.ifMatch && entity && !isPurged(entity) ? { etag: entityTag(entity.seq) } : {};
}

async function viewed(
  context: GatewayContext,
  request: FastifyRequest,
  { system, entityId, message }: Command,
  item: Taken,
  event: string | undefined,
  view: NonNullable<MessageCall["replies"][number]["view"]>,
) {
  const entity = item.kind === "dead_letter" ? undefined : item.entity;
  const lastSeenMs = item.kind === "dead_letter" ? null : item.lastSeenMs;
  // As handlers see it before the first attempt.
  const known = entity ?? newEntity(system.domain, { entityId, now: 0 });
  const showing = shown(system.domain, known, lastSeenMs);
  // The command is carried out, whatever becomes of what is told beside it.
  const read = await view.reads?.(await readAccess(context, request), showing).catch(() => undefined);
  return view(showing, {
    ...{ event: event === undefined ? undefined : eventOf(item, event), caller: doorContext(message.door).caller },
    ...{ now: context.clock.wallMs(), read },
  });
}

function eventOf(item: Taken, type: string): NewEvent | undefined {
  const line = item.kind === "step" ? item.events.find((event) => event.type === type) : undefined;
  return line && { type, payload: (JSON.parse(line.value) as { readonly payload: Payload }).payload };
}

/** A function may return no event, or others than the contract has replies for. */
function unanswered(command: Command, told: Told, reply: FastifyReply): FastifyReply {
  const { outcome, declined } = told;
  if (declined) throw asProblem(command, told, statusOfRefusal(declined.kind));
  if (outcome.kind === "dead_letter") throw asProblem(command, told, 500);
  if (outcome.kind === "step" && outcome.events.length > 0) return accepted(command, reply);
  throw asProblem(command, told, 409);
}

function asProblem(command: Command, told: Told, status: number): Problem {
  const { item, declined, reason = "nothing came of it" } = told;
  const details = declined?.details;
  const options: ProblemOptions = {
    ...{ status, headers: tagOf(command, told) },
    extensions: { ...extensionsOf(command), ...(details && { details }) },
  };
  if (item.kind === "dead_letter")
    return new Problem("internal", "the message could not be processed: it is a dead letter", {
      ...{ ...options, code: item.line.code },
    });
  if (!declined) return new Problem("conflict", reason, options);
  const { code } = declined;
  const message = command.system.domain.refusals.get(code)?.message ?? reason;
  return new Problem("declined", message, { ...options, code });
}

const extensionsOf = ({ messageId, entityId }: Command) => ({ message_id: messageId, entity_id: entityId });

function untold(command: Command, isStopping: boolean, timeoutMs: number): Problem {
  const options = { headers: { location: command.location }, extensions: extensionsOf(command) };
  const further = "the message is published, and Location tells what becomes of it";
  if (isStopping)
    return new Problem("unavailable", `the process stops; ${further}`, { ...options, retryAfterSeconds: 1 });
  const detail = `after ${timeoutMs / 1_000} s it is not known yet; ${further}`;
  return new Problem("timeout", detail, options);
}
