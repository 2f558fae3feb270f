import type { Attempt } from "../../core/entity.ts";
import type { Message, Payload } from "../../core/message.ts";
import { toRfc3339 } from "../../core/time.ts";
import { formatEventPattern } from "../language/event-pattern.ts";
import type { ExplorationContext, MessageSource } from "./exploration-context.ts";
import { memoizedId, requestId } from "./memoized-ids.ts";
import { outcomePayload, type Sample } from "./sample-payloads.ts";
import { START_MS, type SystemState } from "./system-state.ts";

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
export const possibleMessages = (context: ExplorationContext, system: SystemState): readonly PossibleMessage[] => [
  ...internalMessages(context, system),
  ...[...context.sources.values()].flatMap((source) => externalMessages(context, system, source)),
  ...staleMessages(context, system),
];

function internalMessages(context: ExplorationContext, system: SystemState): readonly PossibleMessage[] {
  const { entity, requestedIntents, unpublished } = system;
  if (!entity) return [];
  const { attempt, deadlines } = entity;
  const outcomes = requestedIntents
    .filter(({ answered }) => !answered)
    .flatMap(({ intent }) => {
      const possible = possibleOutcomes(context, intent.type, intent.payload);
      return possible.map((outcome) => ({ ...runtimeMessage(context, system, attempt, outcome), intentId: intent.id }));
    });
  const messages: readonly Message[] = [
    ...outcomes,
    ...unpublished.map((type) => runtimeMessage(context, system, attempt, publishedMessage(type))),
    ...Object.entries(deadlines).map(([name, { at, renewedAt }]) =>
      deadlineMessage(context, system, attempt, name, at, renewedAt),
    ),
  ];
  return messages.map((message) => ({ message, label: "", isInternal: true }));
}

/** Outcomes, publishes and deadlines that the entity has left behind. The core has to ignore each of them. */
function staleMessages(context: ExplorationContext, system: SystemState): readonly PossibleMessage[] {
  const { domain } = context;
  const { entity, previousAttempt, now } = system;
  if (!entity) return [];
  const stale = (message: Message, label: string): PossibleMessage => ({ message, label, isInternal: false });
  const moved = Object.entries(entity.deadlines).flatMap(([name, { at, renewedAt }]) =>
    renewedAt === null
      ? []
      : [stale(deadlineMessage(context, system, entity.attempt, name, at - 1, renewedAt), "before it was moved")],
  );
  const ofPreviousAttempt = [
    ...[...domain.effects.keys()].flatMap((type) => possibleOutcomes(context, type, undefined)),
    ...[...domain.awaitsPublish].map(publishedMessage),
  ].map((content) => runtimeMessage(context, system, previousAttempt, content));
  const deadlines = [...domain.deadlineAfterMs.keys()].map((name) =>
    deadlineMessage(context, system, previousAttempt, name, now, null),
  );
  return [...moved, ...[...ofPreviousAttempt, ...deadlines].map((message) => stale(message, "of another attempt"))];
}

type MessageContent = Pick<Message, "kind" | "type" | "payload">;

/** @param asked the intent's payload; undefined: the outcome's payload is empty */
function possibleOutcomes(
  { domain, model }: ExplorationContext,
  intentType: string,
  asked: Payload | undefined,
): readonly MessageContent[] {
  const effect = domain.effects.get(intentType);
  if (!effect) return [];
  const outcomes = effect.outputEvents.map((type) => {
    const definition = model.messages.get(type);
    return { kind: "outcome", type, payload: definition && asked ? outcomePayload(definition, asked) : {} } as const;
  });
  if (effect.retry.maxRetries === "unlimited") return outcomes;
  const type = formatEventPattern({ kind: "failed", subject: intentType });
  const payload = { backend: effect.backend, error_code: "REFUSED", message: "refused for good" };
  return [...outcomes, { kind: "outcome", type, payload }];
}

const publishedMessage = (event: string): MessageContent => ({
  ...{ kind: "published", type: formatEventPattern({ kind: "published", subject: event }), payload: {} },
});

const runtimeMessage = (
  { entityId }: ExplorationContext,
  { now }: SystemState,
  { id, correlationIds }: Attempt,
  content: MessageContent,
): Message => ({
  ...content,
  id: memoizedId(id, content.type),
  entityId,
  correlationId: correlationIds[0] ?? id,
  now: now + 1,
  attemptId: id,
});

function deadlineMessage(
  context: ExplorationContext,
  system: SystemState,
  attempt: Attempt,
  name: string,
  at: number,
  renewedAt: number | null,
): Message {
  const type = formatEventPattern({ kind: "deadline", subject: name });
  const payload = { deadline_at: toRfc3339(at), renewed_at: renewedAt === null ? null : toRfc3339(renewedAt) };
  return { ...runtimeMessage(context, system, attempt, { kind: "deadline", type, payload }), now: at };
}

function externalMessages(
  context: ExplorationContext,
  system: SystemState,
  source: MessageSource,
): readonly PossibleMessage[] {
  const ids = idVariants(context, system, source);
  return source.samples.flatMap((sample, index) => {
    const onTime = ids.map((variant) => ({ ids: variant, time: { now: system.now + 1, label: "" } }));
    const atOtherTimes = timeVariants(system, index).flatMap((time) => (ids[0] ? [{ ids: ids[0], time }] : []));
    return [...onTime, ...atOtherTimes].flatMap((how) => busMessage(context, system, source, index, sample, how) ?? []);
  });
}

interface IdVariant {
  readonly attempt?: string | undefined;
  readonly request?: string | undefined;
  readonly label: string;
}

/** Which attempt and request a message may name, the current ones first. */
function idVariants(
  { domain }: ExplorationContext,
  { entity, previousAttempt }: SystemState,
  { message, namesAttempt }: MessageSource,
): readonly IdVariant[] {
  if (!namesAttempt) return [{ label: "" }];
  const attempts: readonly (readonly [string | undefined, string])[] = [
    ...(entity?.attempt.id ? [[entity.attempt.id, "this attempt"] as const] : []),
    [undefined, ""],
    [previousAttempt.id, "another attempt"],
  ];
  const [own, ...joined] = entity?.attempt.correlationIds ?? [];
  const requests: readonly (readonly [string | undefined, string])[] = [
    ...(own === undefined ? [] : [[own, "its request"] as const]),
    [undefined, ""],
    ...(joined.length > 0 ? [[joined.at(-1), "a request that joined it"] as const] : []),
    [previousAttempt.correlationIds[0], "another request"],
  ];
  return attempts.flatMap(([attempt, attemptText]) =>
    ("correlation_id" in message.shape ? requests : [[undefined, ""] as const]).map(([request, requestText]) => {
      const names = [attemptText, requestText].filter((text) => text !== "");
      const label = names.length > 0 ? `naming ${names.join(" and ")}` : `naming no ${domain.attempt.idField}`;
      return { attempt, request, label };
    }),
  );
}

interface TimeVariant {
  readonly now: number;
  readonly label: string;
}

function timeVariants({ entity }: SystemState, sampleIndex: number): readonly TimeVariant[] {
  const due = sampleIndex > 0 ? [] : Object.values(entity?.deadlines ?? {}).map(({ at }) => at + 1);
  return [
    { now: DELAYED_SINCE_MS, label: "delayed since before the first message" },
    ...due.map((now) => ({ now, label: "after the deadline, before it fires" })),
  ];
}

function busMessage(
  context: ExplorationContext,
  { idPhase }: SystemState,
  source: MessageSource,
  index: number,
  sample: Sample,
  { ids, time }: { readonly ids: IdVariant; readonly time: TimeVariant },
): PossibleMessage | undefined {
  const { type, topic } = source;
  const payload = decodedPayload(context, source, sample, ids);
  if (!payload) return undefined;
  const message: Message = {
    kind: "bus",
    type,
    id: memoizedId(type, index, idPhase),
    entityId: context.entityId,
    correlationId: ids.request ?? requestId(idPhase),
    payload,
    now: time.now,
    origin: { topic, partition: 0, offset: idPhase },
  };
  const label = [sample.label, ids.label, time.label].filter((text) => text !== "").join(", ");
  return { message, label, isInternal: false };
}

const decodedPayloads = new WeakMap<Sample, Map<string, Payload | undefined>>();

/** The payload as the decoder hands it on, in its canonical form; undefined where the schema refuses the ids. */
function decodedPayload(
  { domain }: ExplorationContext,
  { message }: MessageSource,
  sample: Sample,
  { attempt, request }: IdVariant,
): Payload | undefined {
  const known = decodedPayloads.get(sample) ?? new Map<string, Payload | undefined>();
  decodedPayloads.set(sample, known);
  const key = `${attempt} ${request}`;
  if (known.has(key)) return known.get(key);
  const ids = { ...(attempt && { [domain.attempt.idField]: attempt }), ...(request && { correlation_id: request }) };
  const parsed = message.schema.safeParse({ ...sample.payload, ...ids });
  const payload = parsed.success ? message.normalize(parsed.data) : undefined;
  known.set(key, payload);
  return payload;
}
