import type { Entity } from "../../../runtime/core/entity.ts";
import type { Followed } from "../../../runtime/shell/follow/followed.ts";
import { shownEntity } from "../../../runtime/core/entity-data.ts";
import { readEntity } from "../../../runtime/stored/entities.ts";
import type { System } from "../../host/compose.ts";
import type { IncomingEvent } from "../../http/events/incoming-event.ts";
import type { DomainApi } from "../../http/server/domain-api.ts";
import { Problem } from "../../http/server/problem.ts";

const WAITS_MAX = 1_000;

interface Waiting {
  readonly timeoutMs: number;
  /** Aborted when the process stops. */
  readonly closing: AbortSignal;
}

/**
 * Publishes an event and waits until its node is ACTIVE, or the attempt that the event opened or joined has ended.
 * @throws Problem overloaded, before it is published; timeout, unavailable, conflict. Fault BUS_UNAVAILABLE
 */
export async function publishAndAwaitActive(
  { system, publisher }: Pick<DomainApi, "system" | "publisher">,
  event: IncomingEvent,
  { timeoutMs, closing }: Waiting,
): Promise<Entity> {
  const { followers } = system.following;
  if (followers.size >= WAITS_MAX)
    throw new Problem("overloaded", "too many requests are waiting for an outcome", { retryAfterSeconds: 1 });
  const timeout = new AbortController();
  const cancel = system.clock.after(timeoutMs, () => timeout.abort());
  try {
    const told = await followers.follow({
      ...{ entityId: event.entityId, messageId: event.messageId, reading: "attempt_from_message" },
      signal: AbortSignal.any([timeout.signal, closing]),
      publish: async () => {
        const place = await publisher.publish(event.outgoing);
        return event.isJournaled ? undefined : place;
      },
    });
    return await settled(system, event, told, () => untold(system, event, timeoutMs, closing.aborted));
  } finally {
    cancel();
  }
}

async function settled(
  system: System,
  event: IncomingEvent,
  told: AsyncIterable<Followed>,
  untoldProblem: () => Promise<Problem>,
): Promise<Entity> {
  let reason = "it was processed";
  for await (const item of told) {
    if (item.kind === "dead_letter") throw unprocessed(event, `${item.line.code}: ${item.line.error}`, item.line.code);
    if (item.kind === "step") reason = item.line.reason;
    if (item.kind === "end") {
      if (item.reason !== "complete" && item.reason !== "purged") throw await untoldProblem();
      const entity = await readEntity(system.store, system.domain.name, event.entityId);
      if (entity && entity.state !== null) return shownEntity(system.domain, entity);
    } else if (item.entity && isSettled(system, item.entity)) return item.entity;
  }
  throw unprocessed(event, `${event.entityId} has no attempt: ${reason}`);
}

const isSettled = ({ domain }: System, { state }: Entity): boolean =>
  state === "ACTIVE" || domain.orchestrator.states.get(state ?? "")?.terminal === true;

const extensionsOf = ({ messageId, entityId }: IncomingEvent) => ({ message_id: messageId, node_id: entityId });

const unprocessed = (event: IncomingEvent, detail: string, code?: string): Problem =>
  new Problem("conflict", detail, { extensions: extensionsOf(event), ...(code !== undefined && { code }) });

async function untold(
  { store, domain }: System,
  event: IncomingEvent,
  timeoutMs: number,
  isStopping: boolean,
): Promise<Problem> {
  const extensions = extensionsOf(event);
  if (isStopping) return new Problem("unavailable", "the process is stopping; the event was published", { extensions });
  const state = (await readEntity(store, domain.name, event.entityId))?.state ?? null;
  const detail =
    `after ${timeoutMs / 1_000} s ${event.entityId} is ${state ?? "not known yet"}; the event was published and is ` +
    "still processed: see the timeline";
  return new Problem("timeout", detail, { extensions: { ...extensions, state } });
}
