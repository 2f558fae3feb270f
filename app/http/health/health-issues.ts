import { z } from "zod";
import type { DriftStatus } from "../../../runtime/shell/reconciliation/reconciler.ts";
import type { RefusedChange } from "../../host/reloading-runtime.ts";
import { formatAge, formatDuration } from "../server/text-format.ts";
import type { Hold } from "./holds.routes.ts";

export const Notice = z.object({
  level: z.enum(["bad", "note"]),
  title: z.string(),
  detail: z.string(),
  remedy: z.string(),
  command: z.string().nullable().describe("the command to run"),
  hold: z
    .object({ domain: z.string(), subject: z.string() })
    .nullable()
    .describe("the hold that an operator can release"),
});
export type Notice = z.infer<typeof Notice>;

export const DoctorCheck = z.object({
  name: z.string(),
  level: z.enum(["ok", "note", "finding"]).describe("a finding is something to act on"),
  detail: z.string(),
  remedy: z.string().optional(),
});
export type DoctorCheck = z.infer<typeof DoctorCheck>;

/** Something that an operator should know, as each place that shows it needs it. */
interface HealthIssue {
  /** For the overview. */
  readonly notice: Notice;
  /** For `rollcall doctor`. */
  readonly check: DoctorCheck;
  /** One line, for readiness and a node's explanation. */
  readonly summary: string;
}

export interface HealthFacts {
  readonly parts: ReachableParts & { readonly partitions: PartStatus & { readonly refused: readonly string[] } };
  readonly refusedChange: RefusedChange | null;
  readonly holds: readonly Hold[];
  /** Backend -> when its breaker opened, ms since the epoch. */
  readonly openBreakers: ReadonlyMap<string, number>;
  readonly drift: readonly DriftStatus[];
  /** This machine's clock, ms since the epoch; `brokerTimeMs` is the broker's. */
  readonly nowMs: number;
  readonly brokerTimeMs: number;
}

/** The notices of the overview, worst first. */
export function listNotices({ parts, refusedChange, holds, openBreakers, drift, ...times }: HealthFacts): Notice[] {
  const { nowMs, brokerTimeMs } = times;
  const issues: Partial<HealthIssue>[] = [
    ...unreachablePartIssues(parts),
    ...partitionIssues(parts.partitions),
    ...refusedChangeIssues(refusedChange),
    ...holdIssues(holds, brokerTimeMs),
    ...breakerIssues(openBreakers, nowMs),
    ...drift.map((status) => driftIssue(status, brokerTimeMs)),
  ];
  const notices = issues.flatMap(({ notice }) => notice ?? []);
  return notices.sort((a, b) => Number(b.level === "bad") - Number(a.level === "bad"));
}

const badNotice = (title: string, detail: string, remedy: string, command: string | null = null): Notice => ({
  level: "bad",
  ...{ title, detail, remedy, command },
  hold: null,
});

export const ok = (name: string, detail: string) => ({ name, level: "ok", detail }) as const;
export const finding = (name: string, detail: string, remedy: string) =>
  ({ name, level: "finding", detail, remedy }) as const;

/** What doesn't happen while a part can't be reached. */
const CONSEQUENCE_BY_PART = [
  ["bus", "until it is reachable no message is processed and no deadline fires"],
  ["store", "until it is reachable processing waits; nothing is lost"],
  ["catalogue", "its intents are retried automatically; registrations wait for them"],
] as const;

interface PartStatus {
  readonly ok: boolean;
  readonly reason?: string | undefined;
}
type ReachableParts = { readonly [Part in (typeof CONSEQUENCE_BY_PART)[number][0]]?: PartStatus };

export const unreachablePartIssues = (parts: ReachableParts): Omit<HealthIssue, "check">[] =>
  CONSEQUENCE_BY_PART.flatMap(([name, consequence]) => {
    const { ok: isReachable, reason } = parts[name] ?? { ok: true };
    if (isReachable) return [];
    const title = `the ${name} can't be reached`;
    const detail = `${reason ?? "no reason given"}; ${consequence}`;
    const remedy = "Check that it runs and that this machine reaches it";
    return [
      { summary: `${title} (${reason})`, notice: badNotice(capitalize(title), detail, remedy, "rollcall doctor") },
    ];
  });

function partitionIssues({ ok: isServed, reason = "", refused }: HealthFacts["parts"]["partitions"]) {
  if (isServed) return [];
  const notice =
    refused.length > 0
      ? badNotice(
          "Partitions are refused",
          refused.join("; "),
          "List them, then restart from the earliest message (--yes)",
          "rollcall offsets reset",
        )
      : badNotice("Partitions are not served", reason, "Start a process", "rollcall start");
  return [{ notice }];
}

export function refusedChangeIssues(change: RefusedChange | null): HealthIssue[] {
  if (!change) return [];
  const { by, reason, atMs } = change;
  const refusal = `change by ${by} was refused: ${reason}`;
  const consequence = "the previous contracts stay in force";
  const remedy = `correct them (rollcall validate lists every error), then rollcall reload; ${consequence}`;
  const detail = `at ${new Date(atMs).toISOString()}: ${reason}; ${consequence}`;
  return [
    {
      summary: `a contract ${refusal}`,
      check: finding("contract change", `a ${refusal}`, remedy),
      notice: badNotice("The edited contracts were refused", detail, "List their errors", "rollcall validate"),
    },
  ];
}

/** Of holds that are in force. */
export const holdIssues = (holds: readonly Hold[], nowMs: number): HealthIssue[] =>
  holds
    .filter(({ in_force }) => in_force)
    .map(({ domain, kind, subject, count, of, held_at }) => {
      const title = kind === "expiry" ? `expiry of ${subject} is held` : `deletions from ${subject} are held`;
      const averted = `${count} of ${of} would have happened at once`;
      const precaution = "check for a fault of the network or of Rollcall";
      const release = `rollcall hold release ${domain} ${subject}`;
      const remedy = capitalize(`${precaution}; release it only if they are really gone`);
      const detail = `since ${formatAge(held_at, nowMs)}: ${averted}`;
      return {
        summary: `${title}: ${averted}; ${release}`,
        check: finding(
          `${kind} hold`,
          `${title} since ${held_at}: ${averted}`,
          `${precaution}; otherwise: ${release} --reason ...`,
        ),
        notice: {
          ...badNotice(capitalize(title), detail, remedy, `${release} --reason "..."`),
          hold: { domain, subject },
        },
      };
    });

const breakerIssues = (openBreakers: HealthFacts["openBreakers"], nowMs: number) =>
  [...openBreakers].map(([backend, sinceMs]) => ({
    notice: badNotice(
      `${backend} is not called: its circuit breaker is open`,
      `open for ${formatDuration(nowMs - sinceMs)}: too many failures in a row`,
      "The log names the error. It is retried automatically",
      "rollcall doctor",
    ),
  }));

/** `notice` is absent for a backend without drift, whose check is `ok`. */
export function driftIssue(
  { backend, comparedAtMs, found, error, isHeld }: DriftStatus,
  nowMs: number,
): Pick<HealthIssue, "check"> & Partial<HealthIssue> {
  const name = `drift of ${backend}`;
  const comparison =
    comparedAtMs === null ? "not compared yet" : `compared ${formatDuration(nowMs - comparedAtMs)} ago`;
  if (error !== null) {
    const toCheck = `check that ${backend} is reachable and that Rollcall may read it`;
    const remedy = `${toCheck}; until then nothing in it is repaired`;
    return {
      check: finding(name, `${comparison}; the last comparison failed: ${error}`, `${remedy} or deleted`),
      notice: badNotice(
        `${backend} can't be compared`,
        `${comparison}; ${error}`,
        capitalize(remedy),
        "rollcall doctor",
      ),
    };
  }
  const differences = Object.entries(found).flatMap(([kind, count]) => (count > 0 ? [`${count} ${kind}`] : []));
  if (differences.length === 0) return { check: ok(name, comparedAtMs === null ? comparison : `none, ${comparison}`) };
  const detail = `${differences.join(", ")}, ${comparison}`;
  const leftovers = "leftovers stay until an operator allows it";
  const remedy = isHeld ? capitalize(leftovers) : "None needed: it is being repaired";
  return {
    check: { name, level: "note", detail: `${detail}; ${isHeld ? leftovers : "being repaired"}` },
    notice: { ...badNotice(`${backend} has drifted`, detail, remedy), level: "note" },
  };
}

const capitalize = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
