import type { Attempt } from "../../core/entity.ts";
import type { Intent } from "../../core/intent.ts";
import type { Message, Payload } from "../../core/message.ts";
import { toRfc3339 } from "../../core/time.ts";
import { idOf, requestId } from "./memoized-ids.ts";
import { outcomePayload, type Sample } from "./sample-payloads.ts";
import type { Setting } from "./exploration-context.ts";
import { START_MS, type World } from "./system-state.ts";

/** Something that may happen next. */
export interface Stimulus {
  readonly message: Message;
  /** What tells it from others of its type, for people. */
  readonly label: string;
  /** It comes by itself: an outcome, a publish or a deadline of the current attempt. */
  readonly inside: boolean;
}

/** A message may have been on its way since before the world began, as a copy that was sent on to its partition is. */
const HELD_UP_MS = START_MS - 60_000;

/** Everything that may happen in a world, as the contracts have it. */
export function stimuliIn(setting: Setting, world: World): readonly Stimulus[] {
  return [...insideStimuli(setting, world), ...outsideStimuli(setting, world), ...staleStimuli(setting, world)];
}

function insideStimuli(setting: Setting, world: World): readonly Stimulus[] {
  const { entity, asked, unpublished } = world;
  if (!entity) return [];
  const inside = (message: Message): Stimulus => ({ message, label: "", inside: true });
  return [
    ...asked.flatMap(({ intent, answered }) =>
      answered
        ? []
        : outcomesOf(setting, intent).map(([type, payload]) =>
            inside(fromShell(setting, world, entity.attempt, "outcome", type, payload, intent)),
          ),
    ),
    ...unpublished.map((type) =>
      inside(fromShell(setting, world, entity.attempt, "published", `published(${type})`, {})),
    ),
    ...Object.entries(entity.deadlines).map(([name, { at, renewedAt }]) =>
      inside(fired(setting, world, entity.attempt, name, at, renewedAt)),
    ),
  ];
}

/**
 * What a fired outcome, publish or deadline is that the entity has left behind. The core says that it changes nothing.
 */
function staleStimuli(setting: Setting, world: World): readonly Stimulus[] {
  const { domain } = setting;
  const { entity, previous, now } = world;
  if (!entity) return [];
  const stale = (message: Message, label: string): Stimulus => ({ message, label, inside: false });
  const moved = Object.entries(entity.deadlines).flatMap(([name, { at, renewedAt }]) =>
    renewedAt === null
      ? []
      : [stale(fired(setting, world, entity.attempt, name, at - 1, renewedAt), "before it was moved")],
  );
  const of = (kind: Message["kind"], type: string, payload: Payload) =>
    stale(fromShell(setting, world, previous, kind, type, payload), "of another attempt");
  const late = [...domain.effects.values()].flatMap(({ intentType, outputEvents, backend, retry }) => [
    ...outputEvents.map((type) => of("outcome", type, {})),
    ...(retry.maxRetries === "unlimited" ? [] : [of("outcome", `failed(${intentType})`, failure(backend))]),
  ]);
  return [
    ...moved,
    ...late,
    ...[...domain.awaitsPublish].map((type) => of("published", `published(${type})`, {})),
    ...[...domain.deadlineAfterMs.keys()].map((name) =>
      stale(fired(setting, world, previous, name, now, null), "of another attempt"),
    ),
  ];
}

const failure = (backend: string): Payload => ({ backend, error_code: "REFUSED", message: "refused for good" });

function outcomesOf({ domain, code }: Setting, { type, payload }: Intent): readonly (readonly [string, Payload])[] {
  const effect = domain.effects.get(type);
  if (!effect) return [];
  const outcomes = effect.outputEvents.map((event) => {
    const definition = code.messages.find(({ messageType }) => messageType === event);
    return [event, definition ? outcomePayload(definition, payload) : {}] as const;
  });
  const fails = effect.retry.maxRetries !== "unlimited";
  return fails ? [...outcomes, [`failed(${type})`, failure(effect.backend)]] : outcomes;
}

function fromShell(
  { entityId }: Setting,
  { now }: World,
  { id, correlationIds }: Attempt,
  kind: Message["kind"],
  type: string,
  payload: Payload,
  intent?: Intent,
): Message {
  return {
    kind,
    type,
    id: idOf(id, type),
    entityId,
    correlationId: correlationIds[0] ?? id,
    payload,
    now: now + 1,
    attemptId: id,
    ...(intent && { intentId: intent.id }),
  };
}

function fired(
  setting: Setting,
  world: World,
  attempt: Attempt,
  name: string,
  at: number,
  renewedAt: number | null,
): Message {
  const payload = { deadline_at: toRfc3339(at), renewed_at: renewedAt === null ? null : toRfc3339(renewedAt) };
  return { ...fromShell(setting, world, attempt, "deadline", `deadline(${name})`, payload), now: at };
}

function outsideStimuli(setting: Setting, world: World): readonly Stimulus[] {
  return setting.domain.consumed.flatMap(({ type }) =>
    (setting.samples.get(type) ?? []).flatMap((sample, index) => {
      const named = idsFor(setting, world, type).map((ids) => ({ ids, time: { now: world.now + 1, label: "" } }));
      const [plain] = named;
      const dated = plain ? timesFor(world, index).map((time) => ({ ids: plain.ids, time })) : [];
      return [...named, ...dated].flatMap((how) => fromBus(setting, world, type, sample, index, how) ?? []);
    }),
  );
}

interface Ids {
  readonly attempt?: string | undefined;
  readonly request?: string | undefined;
  readonly label: string;
}

/** Which attempt and request a message may name: first those of the current attempt. Others name what they like. */
function idsFor({ answering, domain, code }: Setting, { entity, previous }: World, type: string): readonly Ids[] {
  if (!answering.has(type)) return [{ label: "" }];
  const shape = code.messages.find(({ messageType }) => messageType === type)?.shape ?? {};
  const attempts: readonly (readonly [string | undefined, string])[] = [
    ...(entity?.attempt.id ? [[entity.attempt.id, "this attempt"] as const] : []),
    [undefined, ""],
    [previous.id, "another attempt"],
  ];
  const [own, ...joined] = entity?.attempt.correlationIds ?? [];
  const requests: readonly (readonly [string | undefined, string])[] = [
    ...(own === undefined ? [] : [[own, "its request"] as const]),
    [undefined, ""],
    ...(joined.length > 0 ? [[joined.at(-1), "a request that joined it"] as const] : []),
    [previous.correlationIds[0], "another request"],
  ];
  return attempts.flatMap(([attempt, attemptText]) =>
    ("correlation_id" in shape ? requests : [[undefined, ""] as const]).map(([request, requestText]) => {
      const names = [attemptText, requestText].filter((text) => text !== "");
      const label = names.length > 0 ? `naming ${names.join(" and ")}` : `naming no ${domain.attempt.idField}`;
      return { attempt, request, label };
    }),
  );
}

interface Time {
  readonly now: number;
  readonly label: string;
}

function timesFor({ entity }: World, sample: number): readonly Time[] {
  const due = sample > 0 ? [] : Object.values(entity?.deadlines ?? {}).map(({ at }) => at + 1);
  return [
    { now: HELD_UP_MS, label: "held up since before all else" },
    ...due.map((now) => ({ now, label: "after the deadline, before it fires" })),
  ];
}

function fromBus(
  setting: Setting,
  world: World,
  type: string,
  sample: Sample,
  index: number,
  { ids, time }: { readonly ids: Ids; readonly time: Time },
): Stimulus | undefined {
  const { domain, entityId } = setting;
  const consumed = domain.consumed.find((each) => each.type === type);
  const payload = taken(setting, type, sample, ids);
  if (!consumed || !payload) return undefined;
  const request = requestId(world.phase);
  const message: Message = {
    kind: "bus",
    type,
    id: idOf(type, index, world.phase),
    entityId,
    correlationId: ids.request ?? request,
    payload,
    now: time.now,
    origin: { topic: consumed.topic, partition: 0, offset: world.phase },
  };
  return {
    message,
    label: [sample.label, ids.label, time.label].filter((text) => text !== "").join(", "),
    inside: false,
  };
}

const payloads = new WeakMap<Sample, Map<string, Payload | undefined>>();

/**
 * The payload as the decoder hands it on: checked and in its canonical form; undefined where the schema refuses the
 * ids.
 */
function taken({ domain }: Setting, type: string, sample: Sample, { attempt, request }: Ids): Payload | undefined {
  const known = payloads.get(sample) ?? new Map<string, Payload | undefined>();
  payloads.set(sample, known);
  const key = `${attempt} ${request}`;
  if (known.has(key)) return known.get(key);
  const message = domain.consumed.find((each) => each.type === type)?.message;
  const ids = { ...(attempt && { [domain.attempt.idField]: attempt }), ...(request && { correlation_id: request }) };
  const parsed = message?.schema.safeParse({ ...sample.payload, ...ids });
  const payload = parsed?.success ? message?.normalize(parsed.data) : undefined;
  known.set(key, payload);
  return payload;
}
