import { z } from "zod";
import { PossibleTransition } from "../../../runtime/contract/graph/possible-transitions.ts";
import type { Domain } from "../../../runtime/core/domain.ts";
import type { Entity } from "../../../runtime/core/entity.ts";
import { toRfc3339 } from "../../../runtime/core/time.ts";
import { formatAge, formatDuration, joinList } from "../server/text-format.ts";
import { IntentTry, type TimelineItem } from "./timeline.ts";

const Time = z.iso.datetime();

/** Why a node is in its state, and what would move it. */
export const Explanation = z.object({
  node_id: z.string(),
  known: z.boolean().describe("false: no message of it was ever taken in"),
  text: z.string().describe("all of it in one paragraph"),
  state: z.string().nullable(),
  state_since: Time.nullable(),
  reducer_state: z.string().nullable(),
  attempt: z.int(),
  reason: z.string().nullable().describe("of the message that led here"),
  deadlines: z.array(z.object({ name: z.string(), at: Time, leads_to: z.array(z.string()) })),
  intents: z.array(
    z.object({
      id: z.string(),
      type: z.string(),
      target: z.string(),
      asked_at: Time,
      status: z.enum(["pending", "settled"]),
      note: z.string().nullable().describe("what became of it"),
      tries: z.array(IntentTry).describe("calls for it, the first and the latest; of one that was done at once, none"),
    }),
  ),
  last_no_ops: z.array(z.object({ at: Time, type: z.string(), reason: z.string() })).describe("newest first"),
  moved_by: z.array(PossibleTransition),
  dead_letters: z.array(z.object({ id: z.string(), at: Time, code: z.string(), error: z.string() })),
  trouble: z.array(z.string()).describe("parts that keep it waiting"),
});
export type Explanation = z.infer<typeof Explanation>;

export interface ExplanationFacts {
  readonly domain: Domain;
  readonly nodeId: string;
  readonly entity: Entity | undefined;
  /** Of the current attempt, oldest first. */
  readonly attempt: readonly TimelineItem[];
  /** The last rows of its journal, oldest first. */
  readonly recent: readonly TimelineItem[];
  readonly pendingIntents: readonly PendingIntent[];
  readonly deadLetters: Explanation["dead_letters"];
  readonly trouble: readonly string[];
  readonly transitions: readonly PossibleTransition[];
  readonly nowMs: number;
}

export interface PendingIntent {
  readonly id: string;
  readonly type: string;
  readonly target: string;
  readonly asked_at: string;
  /** Those that failed so far, as far as this process made them. */
  readonly tries: Explanation["intents"][number]["tries"];
}

const NO_OPS_MAX = 3;

/** Derived from the contract, the entity and its journal; knows no state by name. Pure. */
export function explain(facts: ExplanationFacts): Explanation {
  const { entity, nodeId, attempt, recent, deadLetters, trouble, transitions } = facts;
  const fields = {
    node_id: nodeId,
    known: entity !== undefined,
    state: entity?.state ?? null,
    state_since: entity ? toRfc3339(entity.stateSince) : null,
    reducer_state: entity?.reducerState ?? null,
    attempt: entity?.attempt.number ?? 0,
    reason: entity ? (lastMoveInto(attempt, entity)?.reason ?? null) : null,
    deadlines: Object.entries(entity?.deadlines ?? {}).map(([name, { at }]) => ({
      name,
      at: toRfc3339(at),
      leads_to: transitions.flatMap(({ on, leads_to }) => (on === `deadline(${name})` ? [leads_to] : [])),
    })),
    intents: intentsOf(facts),
    last_no_ops: noOpsOf(recent),
    moved_by: [...transitions],
    dead_letters: [...deadLetters],
    trouble: [...trouble],
  };
  return { ...fields, text: sentences(fields, facts).join(" ") };
}

/** The last message that moved the orchestrator's machine into its state. */
const lastMoveInto = (timeline: readonly TimelineItem[], { state }: Entity): TimelineItem | undefined =>
  timeline.findLast(({ moves }) =>
    moves.some((move) => move.machine === "orchestrator" && move.to === state && move.from !== state),
  );

/** Those that are not finished are listed even if the attempt's journal is too long to be read whole. */
function intentsOf({ attempt, pendingIntents }: ExplanationFacts): Explanation["intents"] {
  const outcomes = new Map(attempt.flatMap((item) => (item.intent_id === null ? [] : [[item.intent_id, item]])));
  const pending = new Set(pendingIntents.map(({ id }) => id));
  const settled = attempt.flatMap(({ at, intents }) =>
    intents
      .filter(({ id }) => !pending.has(id))
      .map(({ id, type, target }) => {
        const { note = null, tries = [] } = outcomes.get(id) ?? {};
        return { id, type, target, asked_at: at, note, tries };
      }),
  );
  return [
    ...settled.map((intent) => ({ ...intent, status: "settled" as const })),
    ...pendingIntents.map((intent) => ({ ...intent, status: "pending" as const, note: null })),
  ];
}

function noOpsOf(timeline: readonly TimelineItem[]): Explanation["last_no_ops"] {
  return timeline
    .filter(
      ({ kind, result }) =>
        result === "no_op" || result === "absorbed" || kind === "repeat" || kind === "repartitioned",
    )
    .slice(-NO_OPS_MAX)
    .reverse()
    .map(({ at, type, reason }) => ({ at, type: type ?? "a message", reason: reason ?? "" }));
}

function sentences(fields: Omit<Explanation, "text">, { domain, nowMs }: ExplanationFacts): string[] {
  const { node_id, state, state_since, attempt, reducer_state, reason, trouble } = fields;
  if (!fields.known)
    return [
      `No message of ${node_id} was ever processed.`,
      ...deadLetterSentence(fields),
      ...troubleSentence(trouble),
      transitionsSentence(fields),
    ];
  const spec = domain.orchestrator.states.get(state ?? "");
  const from = reason === null ? "" : `, because: ${reason}`;
  return [
    `${node_id} is ${state} since ${state_since} (${formatAge(state_since, nowMs)}), in attempt ${attempt}, with the ` +
      `reducer in ${reducer_state}${from}.`,
    ...(spec?.terminal ? [`${state} ends an attempt.`] : []),
    ...pendingIntentsSentences(fields, nowMs),
    ...settledIntentsSentence(fields),
    ...fields.deadlines.map(({ name, at, leads_to }) =>
      deadlineSentence({
        name,
        at,
        leads_to,
        nowMs,
        renewedBy: spec?.deadline?.name === name ? [...spec.deadline.renewedBy] : [],
      }),
    ),
    ...(fields.last_no_ops.length === 0
      ? []
      : [
          "Recent messages without effect: " +
            `${fields.last_no_ops.map(({ at, type, reason }) => `${type} ${formatAge(at, nowMs)} (${reason})`).join(", ")}.`,
        ]),
    ...deadLetterSentence(fields),
    ...troubleSentence(trouble),
    transitionsSentence(fields),
  ];
}

function pendingIntentsSentences({ intents }: Omit<Explanation, "text">, nowMs: number): string[] {
  const pending = intents.filter(({ status }) => status === "pending");
  if (pending.length === 0) return [];
  return [
    "It waits for " +
      `${joinList(
        pending.map(
          (intent) => `${intent.type} (asked ${formatAge(intent.asked_at, nowMs)}, ` + `${tryStatus(intent, nowMs)})`,
        ),
      )}.`,
  ];
}

function tryStatus({ tries }: Explanation["intents"][number], nowMs: number): string {
  const latest = tries.at(-1);
  return latest ? `tried ${formatAge(latest.at, nowMs)}: ${latest.code} ${latest.error}` : "not done yet";
}

function settledIntentsSentence({ intents }: Omit<Explanation, "text">): string[] {
  const settled = intents.filter(({ status }) => status === "settled");
  if (settled.length === 0) return [];
  return [`Intents settled: ${settled.map(({ type, note }) => `${type} ${note ?? "settled"}`).join(", ")}.`];
}

function deadlineSentence(given: {
  readonly name: string;
  readonly at: string;
  readonly leads_to: readonly string[];
  readonly nowMs: number;
  readonly renewedBy: readonly string[];
}): string {
  const { name, at, leads_to, nowMs, renewedBy } = given;
  const leftMs = Date.parse(at) - nowMs;
  const when =
    leftMs >= 0
      ? `is due in ${formatDuration(leftMs)}`
      : `was due ${formatDuration(-leftMs)} ago and fires when everything before it was read and no outage's ` +
        "grace runs";
  const transitionText = leads_to.length > 0 ? ` and would make it ${joinList(leads_to, "or")}` : "";
  const renewalText = renewedBy.length > 0 ? `; ${joinList(renewedBy, "or")} moves it` : "";
  return `Its deadline ${name} (${at}) ${when}${transitionText}${renewalText}.`;
}

function deadLetterSentence({ dead_letters }: Omit<Explanation, "text">): string[] {
  const [newest] = dead_letters;
  if (!newest) return [];
  const many =
    dead_letters.length === 1
      ? "One message with its id as key lies"
      : `${dead_letters.length} messages with its id as key lie`;
  return [
    `${many} in the dead letters, the newest as ${newest.code} (${newest.error}): rollcall dlq show ${newest.id}.`,
  ];
}

const troubleSentence = (trouble: readonly string[]): string[] =>
  trouble.length === 0 ? [] : [`It is blocked: ${trouble.join("; ")}.`];

function transitionsSentence({ moved_by }: Omit<Explanation, "text">): string {
  if (moved_by.length === 0) return "Nothing in the contract would move it.";
  const byTarget = new Map<string, string[]>();
  for (const { on, when, leads_to } of moved_by)
    byTarget.set(leads_to, [...(byTarget.get(leads_to) ?? []), when === null ? on : `${on} (when ${when})`]);
  return (
    "What would move it: " +
    `${[...byTarget].map(([target, triggers]) => `to ${target} ${joinList(triggers, "or")}`).join("; ")}.`
  );
}
