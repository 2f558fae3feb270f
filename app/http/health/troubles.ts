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

/** What an operator should know, in the words of each place that has it. */
interface Trouble {
  /** Of the overview. */
  readonly notice: Notice;
  /** Of `rollcall doctor`. */
  readonly check: DoctorCheck;
  /** In a line, of readiness and of a node's explanation. */
  readonly line: string;
}

export interface TroubleFacts {
  readonly parts: ReachableParts & { readonly partitions: PartStatus & { readonly refused: readonly string[] } };
  readonly refusedChange: RefusedChange | null;
  readonly holds: readonly Hold[];
  /** Backend, and ms since the epoch. */
  readonly openBreakers: ReadonlyMap<string, number>;
  readonly drift: readonly DriftStatus[];
  /** By this machine's clock; `brokerTimeMs` by the broker's. */
  readonly nowMs: number;
  readonly brokerTimeMs: number;
}

/** Each with a remedy, worst first. Pure. */
export function listNotices({ parts, refusedChange, holds, openBreakers, drift, ...times }: TroubleFacts): Notice[] {
  const { nowMs, brokerTimeMs } = times;
  const troubles: Partial<Trouble>[] = [
    ...unreachableParts(parts),
    ...partitionTroubles(parts.partitions),
    ...refusedContracts(refusedChange),
    ...holdsInForce(holds, brokerTimeMs),
    ...breakerTroubles(openBreakers, nowMs),
    ...drift.map((status) => driftOf(status, brokerTimeMs)),
  ];
  const notices = troubles.flatMap(({ notice }) => notice ?? []);
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

const MEANWHILE = [
  ["bus", "until it is reachable no message is processed and no deadline fires"],
  ["store", "until it is reachable processing waits; nothing is lost"],
  ["catalogue", "its intents are retried automatically; registrations wait for them"],
] as const;

interface PartStatus {
  readonly ok: boolean;
  readonly reason?: string | undefined;
}
type ReachableParts = { readonly [Part in (typeof MEANWHILE)[number][0]]?: PartStatus };

export const unreachableParts = (parts: ReachableParts): Omit<Trouble, "check">[] =>
  MEANWHILE.flatMap(([name, meanwhile]) => {
    const { ok: isReachable, reason } = parts[name] ?? { ok: true };
    if (isReachable) return [];
    const what = `the ${name} can't be reached`;
    const detail = `${reason ?? "no reason given"}; ${meanwhile}`;
    const remedy = "Check that it runs and that this machine reaches it";
    return [{ line: `${what} (${reason})`, notice: badNotice(capitalize(what), detail, remedy, "rollcall doctor") }];
  });

function partitionTroubles({ ok: isServed, reason = "", refused }: TroubleFacts["parts"]["partitions"]) {
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

export function refusedContracts(change: RefusedChange | null): Trouble[] {
  if (!change) return [];
  const { by, reason, atMs } = change;
  const what = `change by ${by} was refused: ${reason}`;
  const meanwhile = "the previous contracts stay in force";
  const remedy = `correct them (rollcall validate lists every error), then rollcall reload; ${meanwhile}`;
  const detail = `at ${new Date(atMs).toISOString()}: ${reason}; ${meanwhile}`;
  return [
    {
      line: `a contract ${what}`,
      check: finding("contract change", `a ${what}`, remedy),
      notice: badNotice("The edited contracts were refused", detail, "List their errors", "rollcall validate"),
    },
  ];
}

export const holdsInForce = (holds: readonly Hold[], nowMs: number): Trouble[] =>
  holds
    .filter(({ in_force }) => in_force)
    .map(({ domain, kind, subject, count, of, held_at }) => {
      const what = kind === "expiry" ? `expiry of ${subject} is held` : `deletions from ${subject} are held`;
      const effect = `${count} of ${of} would have happened at once`;
      const doubt = "check for a fault of the network or of Rollcall";
      const release = `rollcall hold release ${domain} ${subject}`;
      const remedy = capitalize(`${doubt}; release it only if they are really gone`);
      const detail = `since ${formatAge(held_at, nowMs)}: ${effect}`;
      return {
        line: `${what}: ${effect}; ${release}`,
        check: finding(
          `${kind} hold`,
          `${what} since ${held_at}: ${effect}`,
          `${doubt}; otherwise: ${release} --reason ...`,
        ),
        notice: {
          ...badNotice(capitalize(what), detail, remedy, `${release} --reason "..."`),
          hold: { domain, subject },
        },
      };
    });

const breakerTroubles = (openBreakers: TroubleFacts["openBreakers"], nowMs: number) =>
  [...openBreakers].map(([backend, sinceMs]) => ({
    notice: badNotice(
      `${backend} is not called: its circuit breaker is open`,
      `open for ${formatDuration(nowMs - sinceMs)}: too many failures in a row`,
      "The log names the error. It is retried automatically",
      "rollcall doctor",
    ),
  }));

/** The check is also of a backend without drift. */
export function driftOf(
  { backend, comparedAtMs, found, error, isHeld }: DriftStatus,
  nowMs: number,
): Pick<Trouble, "check"> & Partial<Trouble> {
  const name = `drift of ${backend}`;
  const at = comparedAtMs === null ? "not compared yet" : `compared ${formatDuration(nowMs - comparedAtMs)} ago`;
  if (error !== null) {
    const toCheck = `check that ${backend} is reachable and that Rollcall may read it`;
    const remedy = `${toCheck}; until then nothing in it is repaired`;
    return {
      check: finding(name, `${at}; the last comparison failed: ${error}`, `${remedy} or deleted`),
      notice: badNotice(`${backend} can't be compared`, `${at}; ${error}`, capitalize(remedy), "rollcall doctor"),
    };
  }
  const differences = Object.entries(found).flatMap(([kind, count]) => (count > 0 ? [`${count} ${kind}`] : []));
  if (differences.length === 0) return { check: ok(name, comparedAtMs === null ? at : `none, ${at}`) };
  const detail = `${differences.join(", ")}, ${at}`;
  const leftovers = "leftovers stay until an operator allows it";
  const remedy = isHeld ? capitalize(leftovers) : "None needed: it is being repaired";
  return {
    check: { name, level: "note", detail: `${detail}; ${isHeld ? leftovers : "being repaired"}` },
    notice: { ...badNotice(`${backend} has drifted`, detail, remedy), level: "note" },
  };
}

const capitalize = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
