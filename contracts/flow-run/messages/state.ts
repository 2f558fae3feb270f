import { z } from "zod";
import { Answer, Lid, Progress, Question, Result, RunError } from "./fields.ts";

const Time = z.iso.datetime({ offset: true });

/** A question that waits for an answer. */
export const OpenLock = z.object({ lid: Lid, question: Question, expires_at: Time });
export type OpenLock = z.infer<typeof OpenLock>;
const KeptAnswer = z.object({ lid: Lid, result: Answer, by: z.string() });

/** The entity's data. Whether the run goes on is the orchestrator's state. */
export const RunState = z.object({
  path: z.string().default(""),
  name: z.string().default(""),
  inputs: z.record(z.string(), z.json()).default({}),
  launched_by: z.string().default(""),
  /** The run that this one repeats. */
  from: z.string().nullable().default(null),
  created_at: Time.nullable().default(null),
  started_at: Time.nullable().default(null),
  ended_at: Time.nullable().default(null),
  progress: Progress.nullable().default(null),
  result: Result.nullable().default(null),
  error: RunError.nullable().default(null),
  acknowledged: z.object({ by: z.string(), at: Time }).nullable().default(null),
  locks: z.array(OpenLock).default([]),
  /** Whether there is one. */
  asks: z.boolean().default(false),
  /** Of those whose questions have not come yet. */
  kept_answers: z.array(KeptAnswer).default([]),
  /** Ids of locks that were answered. */
  answered: z.array(z.string()).default([]),
  /** The number of the last report that counted. */
  reported: z.int().default(0),
});
export type RunState = z.infer<typeof RunState>;

/** Answers to questions that have not come. */
export const KEPT_ANSWERS_MAX = 16;

/** The orchestrator's states, and what people call them. */
const STATES = { PENDING: "pending", LOCKED: "locked", DONE: "done", ERROR: "error" } as const;
export type ShownState = (typeof STATES)[keyof typeof STATES];

/** Null: it was deleted, or there is none. */
export const shownState = (state: string | null): ShownState | null => STATES[state as keyof typeof STATES] ?? null;
