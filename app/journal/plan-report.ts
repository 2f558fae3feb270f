import { z } from "zod";
import type { Domain } from "../../runtime/core/domain.ts";
import { createPlanner, type PlannedOutcome, type StepSummary } from "../../runtime/replay/plan.ts";
import type { OpenJournal } from "./open-journal.ts";
import { EntityTrial, TrialReport } from "./trial-report.ts";

const HOUR_MS = 3_600_000;
/** Entities that end differently, or unknown, beyond this number are counted, but not listed. */
const LISTED_MAX = 100;

const Step: z.ZodType<StepSummary> = z.object({
  result: z.string() as unknown as z.ZodType<StepSummary["result"]>,
  reason: z.string(),
  state: z.string().nullable(),
  events: z.array(z.string()),
  intents: z.array(z.string()),
});
const Outcome: z.ZodType<PlannedOutcome> = z.object({
  entityId: z.string(),
  verdict: z.enum(["same", "otherwise", "unknown"]),
  recorded: z.array(z.string()),
  planned: z.array(z.string()),
  first: z
    .object({
      at: z.string(),
      partition: z.int(),
      seq: z.int(),
      type: z.string(),
      recorded: Step.nullable(),
      planned: Step.nullable(),
    })
    .nullable(),
  unknown: z.string().nullable(),
});
export const PlanReport = z.object({
  since: z.string(),
  until: z.string(),
  entities: z.int(),
  otherwise: z.int(),
  unknown: z.int(),
  /** Entities that end the same; `byOtherSteps` of them by other steps. */
  same: z.int(),
  byOtherSteps: z.int(),
  incomplete: z.int(),
  found: z.array(Outcome),
  notKnown: z.array(Outcome),
  /** Null: the edited code has the stored entities' `stateVersion`. */
  trial: TrialReport.nullable(),
  notes: z.array(z.string()),
});
export type PlanReport = z.infer<typeof PlanReport>;

/** Replays a journal under edited contracts and compares the ends. @param onProgress called after each line */
export async function runPlan(
  { head, contracts, problems, entityHistories }: Omit<OpenJournal, "newest" | "fallback">,
  edited: Domain,
  hoursBack: number,
  onProgress: (counts: Pick<PlanReport, "entities" | "otherwise" | "unknown">) => void = () => {},
): Promise<PlanReport> {
  const untilMs = Date.parse(head.read_at);
  const sinceMs = Math.max(untilMs - hoursBack * HOUR_MS, head.since === undefined ? 0 : Date.parse(head.since));
  const counts = { entities: 0, otherwise: 0, unknown: 0, same: 0, byOtherSteps: 0, incomplete: 0 };
  const found: PlannedOutcome[] = [];
  const notKnown: PlannedOutcome[] = [];
  const planner = createPlanner(
    contracts,
    edited,
    { sinceMs, untilMs },
    {
      result: (end) => {
        counts.entities++;
        counts[end.verdict]++;
        if (end.verdict === "same" && end.first) counts.byOtherSteps++;
        if (end.verdict === "otherwise" && found.length < LISTED_MAX) found.push(end);
        if (end.verdict === "unknown" && notKnown.length < LISTED_MAX) notKnown.push(end);
      },
      incomplete: () => counts.incomplete++,
    },
  );
  const trial = head.state_version === edited.stateVersion ? undefined : new EntityTrial(edited, head.state_version);
  for await (const line of entityHistories) {
    if (line.line === "row") planner.addLine(line);
    else {
      planner.addSnapshot(line);
      trial?.try(line);
    }
    onProgress(counts);
  }
  planner.end();
  const [since, until] = [new Date(sinceMs).toISOString(), new Date(untilMs).toISOString()];
  const notes = [...problems, ...limitationsOf(contracts, edited)];
  return { since, until, ...counts, found, notKnown, trial: trial?.report ?? null, notes };
}

/** Changes of the edited contracts whose effect recorded inputs can't show. */
function limitationsOf(contracts: ReadonlyMap<string, Domain>, edited: Domain): string[] {
  const ran = [...contracts.values()];
  const policy = ({ effects }: Domain) => JSON.stringify([...effects.values()].map(({ effect: _, ...spec }) => spec));
  return [
    ...(ran.some(({ maxClockSkewMs }) => maxClockSkewMs !== edited.maxClockSkewMs)
      ? ["max_clock_skew differs: event times are taken as recorded"]
      : []),
    ...(ran.every((domain) => policy(domain) === policy(edited))
      ? []
      : ["effects' policies differ: outcomes of intents, and their times, are taken as recorded"]),
  ];
}
