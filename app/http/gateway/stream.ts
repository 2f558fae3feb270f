import type { FastifyReply, FastifyRequest } from "fastify";
import type { GatewayRequest } from "../../../runtime/core/gateway-code.ts";
import type { CallSpec, FollowsCall } from "../../../runtime/core/gateway.ts";
import { firstLineOf } from "../../../runtime/stored/first-line.ts";
import { readEventPage } from "../../../runtime/stored/event-pages.ts";
import { firstDayAfterDropped } from "../../../runtime/stored/journal-days.ts";
import { beginStream } from "../events/event-streams.ts";
import { watchAdmission } from "../events/watch-admission.ts";
import { bufferShare } from "../events/sse-writer.ts";
import { decodePosition, foreignPosition, LAST_EVENT_ID } from "../events/stream-position.ts";
import { assertMayActFor, type Caller } from "../server/access.ts";
import { Problem } from "../server/problem.ts";
import { isAdmitted } from "../../../runtime/gateway/call-access.ts";
import { type GatewayContext, type Routed, routedOf } from "./gateway-context.ts";
import { GatewayStream, SNAPSHOT_CURSOR, type StreamedDomain, type StreamEnd } from "./gateway-stream.ts";
import { namedInQuery, readRequest, requireRef } from "./read-request.ts";
import { snapshotOf, wantsSnapshot } from "./snapshots.ts";
import type { Served } from "./served-gateways.ts";

const SINCE = "since";

/** Sends events as they come, until the reader leaves, what let it in is withdrawn, or the process stops. */
export async function streamEvents(
  context: GatewayContext,
  request: FastifyRequest,
  reply: FastifyReply,
  does: FollowsCall,
): Promise<void> {
  const { streams, clock, closing } = context;
  if (streams.count >= streams.max)
    throw new Problem("overloaded", `${streams.max} streams are open: ROLLCALL_HTTP_STREAMS_MAX`, {
      retryAfterSeconds: 5,
    });
  // Before anything is awaited: however many come at once, no more are opened.
  streams.count++;
  reply.raw.once("close", () => streams.count--);
  const { beginsWith, select, entity } = does;
  const own = [...select.keys(), SINCE, ...namedInQuery(entity), ...[beginsWith?.parameter ?? []].flat()];
  const given = readRequest(request, undefined, new Set(own));
  const entityId = await followedEntity(context, request, does, given);
  const { domains, ...told } = await beginnings(context, request, does, given, entityId);
  const isOfThis = (id: string): boolean => id === entityId;
  const matches = filterOf(does, given, entityId === undefined ? request.caller.mayActFor : isOfThis);
  const whyItEnds = endOf(routedOf(request), request.caller);
  const snapshot = told.hasSnapshot ? snapshotOf(context, request, does, given.query, entityId) : undefined;
  const response = beginStream(reply);
  const stream = new GatewayStream(response, {
    ...{ domains, matches, whyItEnds, snapshot, beginsAnew: told.beginsAnew, clock },
    ...{ wanted: { types: does.types, entityId }, bufferBytesMax: bufferShare(streams.max) },
  });
  const stop = (): void => stream.end("STOPPING", "the process stops: connect again, from the last id");
  const cancelChecks = watchAdmission(
    clock,
    () => whyItEnds() === undefined,
    () => stream.endIfWithdrawn(),
  );
  closing.addEventListener("abort", stop, { once: true });
  response.on("close", () => {
    cancelChecks();
    closing.removeEventListener("abort", stop);
  });
  // Without the store the stream ends, and its reader connects again.
  await stream.run().catch(() => response.destroy());
}

/** Of the entity that a stream is of; undefined: it is of all. @throws Problem not-found, forbidden */
async function followedEntity(
  context: GatewayContext,
  { caller }: FastifyRequest,
  { entity: ref, allEntities }: FollowsCall,
  given: GatewayRequest,
): Promise<string | undefined> {
  if (!ref) return undefined;
  const { id } = await requireRef(context.domain(ref.domain).system, ref, given);
  if (!allEntities) assertMayActFor(caller, id);
  return id;
}

interface Cursor {
  /** One a domain. */
  readonly positions: readonly string[];
  /** What it was sent in. */
  readonly parameter: string;
}

function cursorOf({ headers }: FastifyRequest, { query }: GatewayRequest): Cursor | undefined {
  const inHeader = headers["last-event-id"];
  const cursor = inHeader ?? query[SINCE];
  if (typeof cursor !== "string" || cursor === "") return undefined;
  return { positions: cursor.split("."), parameter: inHeader === undefined ? SINCE : LAST_EVENT_ID };
}

interface Beginning {
  readonly domains: readonly StreamedDomain[];
  readonly hasSnapshot: boolean;
  /** Whether there is a snapshot after a gap. */
  readonly beginsAnew: boolean;
}

/** Where a stream begins. A snapshot is of a later moment than the position from which on its events are told. */
async function beginnings(
  context: GatewayContext,
  request: FastifyRequest,
  does: FollowsCall,
  given: GatewayRequest,
  entityId: string | undefined,
): Promise<Beginning> {
  const sent = cursorOf(request, given);
  const isCut = does.beginsWith !== undefined && sent?.positions.join(".") === SNAPSHOT_CURSOR;
  const beginsAnew = isCut || wantsSnapshot(does, given.query);
  const cursor = isCut ? undefined : sent;
  const domains = await positionsOf(context, does, cursor, entityId);
  const hasGap = domains.some(({ gapUntil }) => gapUntil !== undefined);
  if (!beginsAnew || (cursor && !hasGap)) return { domains, beginsAnew, hasSnapshot: false };
  if (!cursor) return { domains, beginsAnew, hasSnapshot: true };
  const anew = await positionsOf(context, does, undefined, entityId);
  const told = anew.map((each, index) => ({ ...each, gapUntil: domains[index]?.gapUntil }));
  return { domains: told, beginsAnew, hasSnapshot: true };
}

/** Where each domain's events begin, and those that the reader has missed. */
async function positionsOf(
  context: GatewayContext,
  { domains, types, fromFirst }: FollowsCall,
  cursor: Cursor | undefined,
  entityId: string | undefined,
): Promise<readonly StreamedDomain[]> {
  if (cursor && cursor.positions.length !== domains.length) throw foreignPosition(cursor.parameter);
  return Promise.all(
    domains.map(async (name, index) => {
      const { system, tail } = context.domain(name);
      const end = await tail.position();
      // After a loss of the log a cursor may lie ahead of its end: then the stream begins at the end.
      const from = cursor
        ? decodePosition(cursor.positions[index] ?? "", end.length, cursor.parameter).map((seq, at) =>
            Math.min(seq, end[at] ?? 0),
          )
        : [...end];
      const begun = !cursor && fromFirst && entityId !== undefined && (await firstLineOf(system, entityId));
      if (begun) from[begun.partition] = Math.min(begun.seq - 1, end[begun.partition] ?? 0);
      const first = await readEventPage(system.store, name, from, end, { types, entityId });
      const left = cursor && (await firstDayAfterDropped(system.store, name, from));
      const gapUntil = begun && begun.isCut ? begun.day : left;
      return { system, tail, first, from, gapUntil };
    }),
  );
}

type Event = Parameters<ConstructorParameters<typeof GatewayStream>[1]["matches"]>[0];

function filterOf(
  { select, types, allEntities, entity }: FollowsCall,
  { query }: GatewayRequest,
  mayRead: (entityId: string) => boolean,
): (event: Event) => boolean {
  const wanted = [...select].flatMap(([parameter, fields]) => {
    const value = query[parameter];
    return value === undefined ? [] : [{ fields, value }];
  });
  return ({ type, entity_id, value }) => {
    if ((types && !types.includes(type)) || !((allEntities && !entity) || mayRead(entity_id))) return false;
    if (wanted.length === 0) return true;
    const { payload } = JSON.parse(value) as { readonly payload: Readonly<Record<string, unknown>> };
    return wanted.every(({ fields, value: one }) => fields.some((field) => String(payload[field] ?? "") === one));
  };
}

const WITHDRAWN: StreamEnd = {
  code: "WITHDRAWN",
  reason: "what may be read here has changed: connect again, from the last id; sign in if need be",
};
const EXPIRED: StreamEnd = { code: "EXPIRED", reason: "the link has expired: ask for another one" };

/** Tells whether the call is there still, is the same one, and is for this caller. */
function endOf({ call, served }: Routed, caller: Caller): () => StreamEnd | undefined {
  let checked: Served | undefined;
  let isServed = false;
  return () => {
    const now = served();
    // It is asked for each reader with each delivery, and what is served changes with a reload alone.
    if (now !== checked) isServed = isServedTo(now, call, caller);
    checked = now;
    if (!isServed) return WITHDRAWN;
    return caller.isKnown() ? undefined : caller.link ? EXPIRED : WITHDRAWN;
  };
}

function isServedTo({ calls }: Served, call: CallSpec, { door, link }: Caller): boolean {
  const now = calls.find(({ operation }) => operation === call.operation);
  const isSame = now && now.path === call.path && followedText(now.does) === followedText(call.does);
  if (!now || !isSame) return false;
  return link ? now.linkParameter !== undefined : isAdmitted(now.access, door);
}

const followedText = (does: CallSpec["does"]): string =>
  does.kind === "follows"
    ? JSON.stringify([does.domains, does.types, [...does.select], does.allEntities, does.entity, does.beginsWith])
    : "";
