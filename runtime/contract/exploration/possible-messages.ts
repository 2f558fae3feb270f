import { type Attempt, attemptRefOf, type Entity } from "../../core/entity.ts";
import type { Intent } from "../../core/intent.ts";
import type { Message, NewEvent, Payload } from "../../core/message.ts";
import {
  deadlineMessage,
  intentFailure,
  outcomeMessage,
  publishedMessage,
  purgeMessage,
} from "../../core/runtime-messages.ts";
import type { ExplorationContext, MessageSource } from "./exploration-context.ts";
import { outcomePayload, type Sample } from "./sample-payloads.ts";
import { memoizedId, defaultCorrelationId, START_MS, type SystemState } from "./system-state.ts";

/** Something that may happen next. */
export interface PossibleMessage {
  readonly message: Message;
  /** What tells it from others of its type, for people. */
  readonly label: string;
  /** It comes by itself: an outcome, a publish or a deadline of the current attempt. */
  readonly isInternal: boolean;
}

/** A message may have been sent before the first one that is explored, as a copy sent on to its partition is. */
const DELAYED_SINCE_MS = START_MS - 60_000;

/** Everything that may happen in a state of the system, as the contracts have it. */
export function possibleMessages(context: ExplorationContext, system: SystemState): readonly PossibleMessage[] {
  const { entity, requestedIntents: intents, unpublished, now } = system;
  const external = [...context.sources.values()].flatMap((source) => externalMessages(context, system, source));
  if (!entity) return external;
  const internal = runtimeMessages(context, now, entity.attempt, { intents, unpublished, deadlines: entity.deadlines });
  return [
    ...internal.map((message) => ({ message, label: "", isInternal: true })),
    ...purges(context, system, entity),
    ...external,
    ...staleMessages(context, system, entity),
  ];
}

/** An entity that has ended, and of which nothing is on its way, may be purged when its time is over. */
function purges(
  { domain }: ExplorationContext,
  { requestedIntents, unpublished, now }: SystemState,
  entity: Entity,
): readonly PossibleMessage[] {
  const retainMs = entity.state === null ? undefined : domain.orchestrator.states.get(entity.state)?.retainMs;
  if (retainMs === undefined || requestedIntents.length + unpublished.length > 0) return [];
  const at = Math.max(now, entity.stateSince + retainMs);
  return [{ message: purgeMessage(domain.name, entity, "retain", at), label: "", isInternal: false }];
}

/** Outcomes, publishes and deadlines that the entity has left behind. The core has to ignore each of them. */
function staleMessages(
  context: ExplorationContext,
  { previousAttempt, now }: SystemState,
  { attempt, deadlines }: Entity,
): readonly PossibleMessage[] {
  const { domain, entityId } = context;
  const beforeRenewal = Object.entries(deadlines).flatMap(([name, { at, renewedAt }]) => {
    const unmoved = { at: at - 1, renewedAt };
    return renewedAt === null ? [] : deadlineMessage(attemptRefOf(entityId, attempt), name, unmoved);
  });
  const previous = attemptRefOf(entityId, previousAttempt);
  const ofPreviousAttempt = runtimeMessages(context, now, previousAttempt, {
    intents: [...domain.effects.keys()].map((type) => {
      return { ...previous, id: memoizedId(previous.attemptId, type), type, target: "", version: 0, payload: {} };
    }),
    unpublished: [...domain.awaitsPublish],
    deadlines: Object.fromEntries(
      [...domain.deadlineAfterMs.keys()].map((name) => [name, { at: now, renewedAt: null }]),
    ),
  });
  return [
    ...beforeRenewal.map((message) => ({ message, label: "before it was moved", isInternal: false })),
    ...ofPreviousAttempt.map((message) => ({ message, label: "of another attempt", isInternal: false })),
  ];
}

/** What the runtime may say of an attempt that waits for these. */
function runtimeMessages(
  context: ExplorationContext,
  now: number,
  attempt: Attempt,
  awaited: Pick<SystemState, "unpublished"> & Pick<Entity, "deadlines"> & { readonly intents: readonly Intent[] },
): readonly Message[] {
  const ref = attemptRefOf(context.entityId, attempt);
  return [
    ...awaited.intents.flatMap((intent) =>
      possibleOutcomes(context, intent).map((outcome) => outcomeMessage(intent, outcome, now + 1)),
    ),
    ...awaited.unpublished.map((type) =>
      publishedMessage({ ...ref, id: memoizedId(ref.attemptId, type), type }, now + 1),
    ),
    ...Object.entries(awaited.deadlines).map(([name, armed]) => deadlineMessage(ref, name, armed)),
  ];
}

function possibleOutcomes({ domain, model }: ExplorationContext, intent: Intent): readonly NewEvent[] {
  const effect = domain.effects.get(intent.type);
  if (!effect) return [];
  const outcomes = effect.outputEvents.map((type) => {
    const definition = model.messages.get(type);
    return { type, payload: definition ? outcomePayload(definition, intent.payload) : {} };
  });
  if (effect.retry.maxRetries === "unlimited") return outcomes;
  return [...outcomes, intentFailure(intent, effect.backend, { code: "REFUSED", message: "refused for good" })];
}

function externalMessages(
  context: ExplorationContext,
  system: SystemState,
  source: MessageSource,
): readonly PossibleMessage[] {
  const { now, entity, idSet } = system;
  const variants = idVariants(context, system, source);
  const firstAt = (time: number, when: string) =>
    variants.slice(0, 1).map(({ ids, label }) => ({ ids, now: time, label: joinLabels(label, when) }));
  const arrivals = [
    ...variants.map(({ ids, label }) => ({ ids, now: now + 1, label })),
    ...firstAt(DELAYED_SINCE_MS, "delayed since before the first message"),
  ];
  const due = Object.values(entity?.deadlines ?? {}).flatMap(({ at }) =>
    firstAt(at + 1, "after the deadline, before it fires"),
  );
  return source.samples.flatMap((sample, index) => {
    const id = memoizedId(source.type, index, idSet);
    return (index > 0 ? arrivals : [...arrivals, ...due]).flatMap(({ ids, label, now: at }) => {
      const payload = decodedPayload(source, sample, ids);
      if (!payload) return [];
      return source.doors.map(({ doorOf, label: by }) => {
        const message: Message = {
          kind: "bus",
          type: source.type,
          id,
          entityId: context.entityId,
          correlationId: ids["correlation_id"] ?? defaultCorrelationId(idSet),
          payload,
          now: at,
          origin: { topic: source.topic, partition: 0, offset: idSet },
          door: doorOf(entity, payload),
        };
        return { message, label: joinLabels(by, joinLabels(sample.label, label)), isInternal: false };
      });
    });
  });
}

const joinLabels = (one: string, other: string): string => (one && other ? `${one}, ${other}` : one || other);

/** The ids that a message carries, and what is said of them. */
interface IdVariant {
  readonly ids: Readonly<Record<string, string>>;
  readonly label: string;
}

/** Which attempt and request a message may name, the current ones first. */
function idVariants(
  { domain }: ExplorationContext,
  { entity, previousAttempt }: SystemState,
  { message, namesAttempt }: MessageSource,
): readonly IdVariant[] {
  if (!namesAttempt) return [{ ids: {}, label: "" }];
  const { idField } = domain.attempt;
  const [own, ...joined] = entity?.attempt.correlationIds ?? [];
  const attempts = namedIds(idField, [
    [entity?.attempt.id, "this attempt"],
    [undefined, ""],
    [previousAttempt.id, "another attempt"],
  ]);
  const requests = namedIds("correlation_id", [
    [own, "its request"],
    [undefined, ""],
    [joined.at(-1), "a request that joined it"],
    [previousAttempt.correlationIds[0], "another request"],
  ]).filter(({ name }) => name === "" || "correlation_id" in message.shape);
  return attempts.flatMap((attempt) =>
    requests.map((request) => {
      const names = [attempt.name, request.name].filter((name) => name !== "");
      const label = names.length > 0 ? `naming ${names.join(" and ")}` : `naming no ${idField}`;
      return { ids: { ...attempt.ids, ...request.ids }, label };
    }),
  );
}

/** @param choices ids and their names; "" for none. Those that there are no ids for are left out */
const namedIds = (field: string, choices: readonly (readonly [id: string | undefined, name: string])[]) =>
  choices.flatMap(([id, name]) => {
    if (name === "") return { name, ids: {} };
    return id ? { name, ids: { [field]: id } } : [];
  });

const decodedPayloads = new WeakMap<Sample, Map<string, Payload | undefined>>();

/** The payload as the decoder hands it on, in its canonical form; undefined where the schema refuses the ids. */
function decodedPayload(
  { message }: MessageSource,
  sample: Sample,
  ids: Readonly<Record<string, string>>,
): Payload | undefined {
  const known = decodedPayloads.get(sample) ?? new Map<string, Payload | undefined>();
  decodedPayloads.set(sample, known);
  const key = Object.values(ids).join();
  if (known.has(key)) return known.get(key);
  const parsed = message.schema.safeParse({ ...sample.payload, ...ids });
  const payload = parsed.success ? message.normalize(parsed.data) : undefined;
  known.set(key, payload);
  return payload;
}
