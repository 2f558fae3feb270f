import type { Attempt } from "../../core/entity.ts";
import type { Intent } from "../../core/intent.ts";
import type { Message, Payload } from "../../core/message.ts";
import { toRfc3339 } from "../../core/time.ts";
import { memoizedId, requestId } from "./memoized-ids.ts";
import { outcomePayload, type Sample } from "./sample-payloads.ts";
import type { ExplorationContext } from "./exploration-context.ts";
import { START_MS, type SystemState } from "./system-state.ts";

/** Something that may happen next. */
export interface PossibleMessage {
  readonly message: Message;
  /** What tells it from others of its type, for people. */
  readonly label: string;
  /** It comes by itself: an outcome, a publish or a deadline of the current attempt. */
  readonly isInternal: boolean;
}

/** A message may have been on its way since before the world began, as a copy that was sent on to its partition is. */
const DELAYED_SINCE_MS = START_MS - 60_000;

/** Everything that may happen in a world, as the contracts have it. */
export function possibleMessages(setting: ExplorationContext, world: SystemState): readonly PossibleMessage[] {
  return [...internalMessages(setting, world), ...externalMessages(setting, world), ...staleMessages(setting, world)];
}

function internalMessages(setting: ExplorationContext, world: SystemState): readonly PossibleMessage[] {
  const { entity, requestedIntents, unpublished } = world;
  if (!entity) return [];
  const inside = (message: Message): PossibleMessage => ({ message, label: "", isInternal: true });
  return [
    ...requestedIntents.flatMap(({ intent, answered }) =>
      answered
        ? []
        : possibleOutcomes(setting, intent).map(([type, payload]) =>
            inside(runtimeMessage(setting, world, entity.attempt, "outcome", type, payload, intent)),
          ),
    ),
    ...unpublished.map((type) =>
      inside(runtimeMessage(setting, world, entity.attempt, "published", `published(${type})`, {})),
    ),
    ...Object.entries(entity.deadlines).map(([name, { at, renewedAt }]) =>
      inside(deadlineMessage(setting, world, entity.attempt, name, at, renewedAt)),
    ),
  ];
}

/**
 * What a fired outcome, publish or deadline is that the entity has left behind. The core says that it changes nothing.
 */
function staleMessages(setting: ExplorationContext, world: SystemState): readonly PossibleMessage[] {
  const { domain } = setting;
  const { entity, previousAttempt, now } = world;
  if (!entity) return [];
  const stale = (message: Message, label: string): PossibleMessage => ({ message, label, isInternal: false });
  const moved = Object.entries(entity.deadlines).flatMap(([name, { at, renewedAt }]) =>
    renewedAt === null
      ? []
      : [stale(deadlineMessage(setting, world, entity.attempt, name, at - 1, renewedAt), "before it was moved")],
  );
  const of = (kind: Message["kind"], type: string, payload: Payload) =>
    stale(runtimeMessage(setting, world, previousAttempt, kind, type, payload), "of another attempt");
  const late = [...domain.effects.values()].flatMap(({ intentType, outputEvents, backend, retry }) => [
    ...outputEvents.map((type) => of("outcome", type, {})),
    ...(retry.maxRetries === "unlimited" ? [] : [of("outcome", `failed(${intentType})`, failurePayload(backend))]),
  ]);
  return [
    ...moved,
    ...late,
    ...[...domain.awaitsPublish].map((type) => of("published", `published(${type})`, {})),
    ...[...domain.deadlineAfterMs.keys()].map((name) =>
      stale(deadlineMessage(setting, world, previousAttempt, name, now, null), "of another attempt"),
    ),
  ];
}

const failurePayload = (backend: string): Payload => ({ backend, error_code: "REFUSED", message: "refused for good" });

function possibleOutcomes(
  { domain, code }: ExplorationContext,
  { type, payload }: Intent,
): readonly (readonly [string, Payload])[] {
  const effect = domain.effects.get(type);
  if (!effect) return [];
  const outcomes = effect.outputEvents.map((event) => {
    const definition = code.messages.find(({ messageType }) => messageType === event);
    return [event, definition ? outcomePayload(definition, payload) : {}] as const;
  });
  const fails = effect.retry.maxRetries !== "unlimited";
  return fails ? [...outcomes, [`failed(${type})`, failurePayload(effect.backend)]] : outcomes;
}

function runtimeMessage(
  { entityId }: ExplorationContext,
  { now }: SystemState,
  { id, correlationIds }: Attempt,
  kind: Message["kind"],
  type: string,
  payload: Payload,
  intent?: Intent,
): Message {
  return {
    kind,
    type,
    id: memoizedId(id, type),
    entityId,
    correlationId: correlationIds[0] ?? id,
    payload,
    now: now + 1,
    attemptId: id,
    ...(intent && { intentId: intent.id }),
  };
}

function deadlineMessage(
  setting: ExplorationContext,
  world: SystemState,
  attempt: Attempt,
  name: string,
  at: number,
  renewedAt: number | null,
): Message {
  const payload = { deadline_at: toRfc3339(at), renewed_at: renewedAt === null ? null : toRfc3339(renewedAt) };
  return { ...runtimeMessage(setting, world, attempt, "deadline", `deadline(${name})`, payload), now: at };
}

function externalMessages(setting: ExplorationContext, world: SystemState): readonly PossibleMessage[] {
  return setting.domain.consumed.flatMap(({ type }) =>
    (setting.samples.get(type) ?? []).flatMap((sample, index) => {
      const named = idVariants(setting, world, type).map((ids) => ({ ids, time: { now: world.now + 1, label: "" } }));
      const [plain] = named;
      const dated = plain ? timeVariants(world, index).map((time) => ({ ids: plain.ids, time })) : [];
      return [...named, ...dated].flatMap((how) => busMessage(setting, world, type, sample, index, how) ?? []);
    }),
  );
}

interface IdVariant {
  readonly attempt?: string | undefined;
  readonly request?: string | undefined;
  readonly label: string;
}

/** Which attempt and request a message may name: first those of the current attempt. Others name what they like. */
function idVariants(
  { attemptMessages, domain, code }: ExplorationContext,
  { entity, previousAttempt }: SystemState,
  type: string,
): readonly IdVariant[] {
  if (!attemptMessages.has(type)) return [{ label: "" }];
  const shape = code.messages.find(({ messageType }) => messageType === type)?.shape ?? {};
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
    ("correlation_id" in shape ? requests : [[undefined, ""] as const]).map(([request, requestText]) => {
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

function timeVariants({ entity }: SystemState, sample: number): readonly TimeVariant[] {
  const due = sample > 0 ? [] : Object.values(entity?.deadlines ?? {}).map(({ at }) => at + 1);
  return [
    { now: DELAYED_SINCE_MS, label: "delayed since before the first message" },
    ...due.map((now) => ({ now, label: "after the deadline, before it fires" })),
  ];
}

function busMessage(
  setting: ExplorationContext,
  world: SystemState,
  type: string,
  sample: Sample,
  index: number,
  { ids, time }: { readonly ids: IdVariant; readonly time: TimeVariant },
): PossibleMessage | undefined {
  const { domain, entityId } = setting;
  const consumed = domain.consumed.find((each) => each.type === type);
  const payload = decodedPayload(setting, type, sample, ids);
  if (!consumed || !payload) return undefined;
  const request = requestId(world.idPhase);
  const message: Message = {
    kind: "bus",
    type,
    id: memoizedId(type, index, world.idPhase),
    entityId,
    correlationId: ids.request ?? request,
    payload,
    now: time.now,
    origin: { topic: consumed.topic, partition: 0, offset: world.idPhase },
  };
  return {
    message,
    label: [sample.label, ids.label, time.label].filter((text) => text !== "").join(", "),
    isInternal: false,
  };
}

const decodedPayloads = new WeakMap<Sample, Map<string, Payload | undefined>>();

/**
 * The payload as the decoder hands it on: checked and in its canonical form; undefined where the schema refuses the
 * ids.
 */
function decodedPayload(
  { domain }: ExplorationContext,
  type: string,
  sample: Sample,
  { attempt, request }: IdVariant,
): Payload | undefined {
  const known = decodedPayloads.get(sample) ?? new Map<string, Payload | undefined>();
  decodedPayloads.set(sample, known);
  const key = `${attempt} ${request}`;
  if (known.has(key)) return known.get(key);
  const message = domain.consumed.find((each) => each.type === type)?.message;
  const ids = { ...(attempt && { [domain.attempt.idField]: attempt }), ...(request && { correlation_id: request }) };
  const parsed = message?.schema.safeParse({ ...sample.payload, ...ids });
  const payload = parsed?.success ? message?.normalize(parsed.data) : undefined;
  known.set(key, payload);
  return payload;
}
