import { z } from "zod";
import { PossibleTransition } from "../../../runtime/contract/graph/possible-transitions.ts";
import type { Domain } from "../../../runtime/core/domain.ts";
import { type Entity, isPurged } from "../../../runtime/core/entity.ts";
import { purgeAt } from "../../../runtime/core/retention.ts";
import { toRfc3339 } from "../../../runtime/core/time.ts";
import { formatAge, formatDuration, joinList } from "../server/text-format.ts";
import type { PendingIntent } from "./entity-history.ts";
import { IntentTry, type TimelineItem } from "./timeline.ts";

const Time = z.iso.datetime();

/** Why an entity is in its state, and what can change it. */
export const Explanation = z.object({
  id: z.string(),
  known: z.boolean().describe("false: no message of it has had an effect"),
  ended_at: Time.nullable().describe("of a purged entity: when it had ended; null: it is not purged"),
  text: z.string().describe("the whole explanation in one paragraph"),
  state: z.string().nullable(),
  state_since: Time.nullable(),
  reducer_state: z.string().nullable(),
  attempt: z.int(),
  reason: z.string().nullable().describe("why the message that led to this state did so"),
  caller: z
    .string()
    .nullable()
    .describe("id of who sent that message, as its gateway says; null: it came through none"),
  operation: z.string().nullable().describe("the gateway's call through which it came"),
  deadlines: z.array(z.object({ name: z.string(), at: Time, leads_to: z.array(z.string()) })),
  intents: z.array(
    z.object({
      id: z.string(),
      type: z.string(),
      target: z.string(),
      asked_at: Time,
      status: z.enum(["pending", "settled"]),
      note: z.string().nullable().describe("how it was settled"),
      not_yet: z
        .object({ since: Time, note: z.string() })
        .nullable()
        .describe("what its effect waits for, as it says; null: its latest answer was another one"),
      tries: z.array(IntentTry).describe("the first and the latest calls; empty if the first call succeeded"),
    }),
  ),
  last_no_ops: z
    .array(
      z.object({
        ...{ at: Time, type: z.string(), reason: z.string() },
        code: z.string().nullable().describe("of the refusal, where it was declined"),
        ...{ caller: z.string().nullable(), operation: z.string().nullable() },
      }),
    )
    .describe("newest first"),
  moved_by: z.array(PossibleTransition).describe("the transitions that lead out of this state"),
  dead_letters: z.array(z.object({ id: z.string(), at: Time, code: z.string(), error: z.string() })),
  trouble: z.array(z.string()).describe("outages and failures that block it"),
});
export type Explanation = z.infer<typeof Explanation>;
type ExplanationFields = Omit<Explanation, "text">;

export interface ExplanationInput extends Pick<Explanation, "id" | "dead_letters" | "trouble" | "moved_by"> {
  readonly domain: Domain;
  readonly entity: Entity | undefined;
  /** Of the current attempt, of a document its newest; oldest first. */
  readonly attemptItems: readonly TimelineItem[];
  /** Its newest, oldest first. */
  readonly recentItems: readonly TimelineItem[];
  readonly pendingIntents: readonly PendingIntent[];
  /** The UTC day with which what is older was dropped from the journal; null: nothing was. */
  readonly droppedOn: string | null;
  readonly nowMs: number;
}

const NO_OPS_MAX = 3;

/** Pure, and for any contract: it names no state or message itself. */
export function explain(input: ExplanationInput): Explanation {
  const { domain, entity, id, attemptItems, recentItems, dead_letters, trouble } = input;
  // What has run once is declined as long as its tombstone is there.
  const moved_by = domain.lifecycle === "once" && isPurged(entity) ? [] : input.moved_by;
  const moveIntoState = attemptItems.findLast(({ moves }) =>
    moves.some(({ machine, from, to }) => machine === "orchestrator" && to === entity?.state && from !== to),
  );
  const fields = {
    id,
    known: entity !== undefined,
    ended_at: entity?.endedAt === undefined ? null : toRfc3339(entity.endedAt),
    state: entity?.state ?? null,
    state_since: entity ? toRfc3339(entity.stateSince) : null,
    reducer_state: entity?.reducerState ?? null,
    attempt: entity?.attempt.number ?? 0,
    reason: moveIntoState?.reason ?? null,
    caller: moveIntoState?.caller ?? null,
    operation: moveIntoState?.operation ?? null,
    deadlines: Object.entries(entity?.deadlines ?? {}).map(([name, { at }]) => ({
      name,
      at: toRfc3339(at),
      leads_to: moved_by.flatMap(({ on, leads_to }) => (on === `deadline(${name})` ? [leads_to] : [])),
    })),
    intents: intentsOf(input),
    last_no_ops: messagesWithoutEffect(recentItems),
    ...{ moved_by, dead_letters, trouble },
  };
  return { ...fields, text: sentences(fields, input).join(" ") };
}

/** Pending ones may be of an earlier attempt, or of a part of this one that was not read. */
function intentsOf({ attemptItems, pendingIntents }: ExplanationInput): Explanation["intents"] {
  const outcomes = new Map(attemptItems.flatMap((item) => (item.intent_id === null ? [] : [[item.intent_id, item]])));
  const pending = new Set(pendingIntents.map(({ id }) => id));
  const settled = attemptItems.flatMap(({ at, intents }) =>
    intents
      .filter(({ id }) => !pending.has(id))
      .map(({ id, type, target }) => {
        const { note = null, tries = [] } = outcomes.get(id) ?? {};
        return { id, type, target, asked_at: at, note, not_yet: null, tries, status: "settled" as const };
      }),
  );
  return [...settled, ...pendingIntents.map((intent) => ({ ...intent, status: "pending" as const, note: null }))];
}

function messagesWithoutEffect(timeline: readonly TimelineItem[]): Explanation["last_no_ops"] {
  return timeline
    .filter(({ kind, result }) => ["no_op", "absorbed", "declined"].includes(result ?? "") || kind === "repeat")
    .slice(-NO_OPS_MAX)
    .reverse()
    .map(({ at, type, reason, declined, caller, operation }) => ({
      ...{ at, type: type ?? "a message", reason: reason ?? "", code: declined?.code ?? null, caller, operation },
    }));
}

function sentences(fields: ExplanationFields, { domain, droppedOn, nowMs }: ExplanationInput): string[] {
  const { id, state, state_since, attempt, reducer_state, reason, ended_at } = fields;
  const dropped = droppedOn === null ? [] : [`What is older was dropped from the journal with ${droppedOn}.`];
  const closing = [...dropped, ...deadLetterSentence(fields), ...troubleSentence(fields), transitionsSentence(fields)];
  if (ended_at !== null)
    return [
      `${id} was purged: it had ended at ${ended_at} (${formatAge(ended_at, nowMs)}).`,
      ...pendingIntentsSentence(fields, nowMs),
      ...noOpsSentence(fields, nowMs),
      ...closing,
      ...(domain.lifecycle === "once" ? ["Its id is new once its tombstone has gone."] : []),
    ];
  if (!fields.known) return [`No message of ${id} has had an effect.`, ...closing];
  const stateSpec = domain.orchestrator.states.get(state ?? "");
  const because = reason === null ? "" : `, because: ${reason}${sentBy(fields)}`;
  const renewedBy = (name: string) => (stateSpec?.deadline?.name === name ? [...stateSpec.deadline.renewedBy] : []);
  return [
    `${id} is ${state} since ${state_since} (${formatAge(state_since, nowMs)}), in attempt ${attempt}, with the ` +
      `reducer in ${reducer_state}${because}.`,
    ...(stateSpec?.terminal ? [`${state} ${domain.lifecycle === "attempts" ? "ends an attempt" : "is its end"}.`] : []),
    ...retainSentence(fields, domain),
    ...(stateSpec?.rests ? [`In ${state} it rests: nobody waits for it to go on.`] : []),
    ...pendingIntentsSentence(fields, nowMs),
    ...settledIntentsSentence(fields),
    ...fields.deadlines.map((deadline) => deadlineSentence(deadline, renewedBy(deadline.name), nowMs)),
    ...noOpsSentence(fields, nowMs),
    ...closing,
  ];
}

function retainSentence({ state, state_since }: ExplanationFields, domain: Domain): string[] {
  const until = purgeAt(domain, state, Date.parse(state_since ?? ""));
  return until === null ? [] : [`It is kept until ${toRfc3339(until)}, and purged then.`];
}

function pendingIntentsSentence({ intents }: ExplanationFields, nowMs: number): string[] {
  const texts = intents.flatMap(({ status, type, asked_at, not_yet, tries }) => {
    if (status === "settled") return [];
    const requested = `requested ${formatAge(asked_at, nowMs)}`;
    if (not_yet) return [`${type} (${requested}, not done yet since ${not_yet.since}: ${not_yet.note})`];
    const latest = tries.at(-1);
    const outcome = latest ? `tried ${formatAge(latest.at, nowMs)}: ${latest.code} ${latest.error}` : "pending";
    return [`${type} (${requested}, ${outcome})`];
  });
  return texts.length === 0 ? [] : [`It is waiting for ${joinList(texts)}.`];
}

function settledIntentsSentence({ intents }: ExplanationFields): string[] {
  const settled = intents.filter(({ status }) => status === "settled");
  const texts = settled.map(({ type, note }) => `${type} ${note ?? "settled"}`);
  return texts.length === 0 ? [] : [`Intents settled: ${texts.join(", ")}.`];
}

/** Through which gateway's call a message came, and whose it was. */
function sentBy({ caller, operation }: Pick<Explanation, "caller" | "operation">): string {
  if (operation === null) return "";
  return ` (${operation} by ${caller === null || caller === "" ? "nobody in particular" : caller})`;
}

function noOpsSentence({ last_no_ops }: ExplanationFields, nowMs: number): string[] {
  const texts = last_no_ops.map((each) => {
    return `${each.type} ${formatAge(each.at, nowMs)}${sentBy(each)} (${each.reason})`;
  });
  return texts.length === 0 ? [] : [`Recent messages without effect: ${texts.join(", ")}.`];
}

function deadlineSentence(
  { name, at, leads_to }: Explanation["deadlines"][number],
  renewedBy: readonly string[],
  nowMs: number,
): string {
  const leftMs = Date.parse(at) - nowMs;
  const when =
    leftMs >= 0
      ? `is due in ${formatDuration(leftMs)}`
      : `was due ${formatDuration(-leftMs)} ago; it fires once all older messages are processed, and no grace ` +
        "period after an outage is running";
  const transitionText = leads_to.length > 0 ? ` and would make it ${joinList(leads_to, "or")}` : "";
  const renewalText = renewedBy.length > 0 ? `; ${joinList(renewedBy, "or")} renews it` : "";
  return `Its deadline ${name} (${at}) ${when}${transitionText}${renewalText}.`;
}

function deadLetterSentence({ dead_letters }: ExplanationFields): string[] {
  const [newest] = dead_letters;
  if (!newest) return [];
  const count =
    dead_letters.length === 1
      ? "1 of its messages is a dead letter"
      : `${dead_letters.length} of its messages are dead letters`;
  return [`${count}, the newest with ${newest.code} (${newest.error}): rollcall dlq show ${newest.id}.`];
}

const troubleSentence = ({ trouble }: ExplanationFields): string[] =>
  trouble.length === 0 ? [] : [`It is blocked: ${trouble.join("; ")}.`];

function transitionsSentence({ moved_by }: ExplanationFields): string {
  if (moved_by.length === 0) return "No transition leads out of this state.";
  const byTarget = new Map<string, string[]>();
  for (const { on, when, leads_to } of moved_by)
    byTarget.set(leads_to, [...(byTarget.get(leads_to) ?? []), when === null ? on : `${on} (when ${when})`]);
  const texts = [...byTarget].map(([target, triggers]) => `${joinList(triggers, "or")} leads to ${target}`);
  return `What can change its state: ${texts.join("; ")}.`;
}
