import type { DriftStatus } from "../../../runtime/shell/reconciliation/reconciler.ts";
import { describeDrift } from "../health/drift-text.ts";
import type { Hold } from "../health/holds.ts";
import type { Notice, Overview } from "./overview.ts";
import { formatAge, formatDuration } from "../server/text-format.ts";

export interface NoticeFacts {
  readonly parts: Overview["parts"];
  readonly refusedContracts: Overview["refused_contracts"];
  readonly holds: readonly Hold[];
  /** Backend, and ms since the epoch. */
  readonly openBreakers: ReadonlyMap<string, number>;
  readonly drift: readonly DriftStatus[];
  /** By this machine's clock; `brokerTimeMs` by the broker's. */
  readonly nowMs: number;
  readonly brokerTimeMs: number;
}

/** What an operator should know, each with a remedy, worst first. Pure. */
export function buildNotices(facts: NoticeFacts): Notice[] {
  const notices = [
    ...partNotices(facts),
    ...contractNotices(facts),
    ...facts.holds.filter(({ in_force }) => in_force).map((hold) => holdNotice(hold, facts.brokerTimeMs)),
    ...breakerNotices(facts),
    ...facts.drift.flatMap((drift) => driftNotice(drift, facts.brokerTimeMs)),
  ];
  return notices.sort((a, b) => Number(b.level === "bad") - Number(a.level === "bad"));
}

const badNotice = (title: string, detail: string, remedy: string, command: string | null = null): Notice => ({
  level: "bad",
  title,
  detail,
  remedy,
  command,
  hold: null,
});
const infoNotice = (title: string, detail: string, remedy: string): Notice => ({
  ...badNotice(title, detail, remedy),
  level: "note",
});

function partNotices({ parts: { bus, store, catalogue, partitions } }: NoticeFacts): Notice[] {
  const dependencies = [
    ["bus", bus, "until it is reachable no message is processed and no deadline fires"],
    ["store", store, "until it is reachable processing waits; nothing is lost"],
    ["catalogue", catalogue, "its intents are retried automatically; registrations wait for them"],
  ] as const;
  const unreachableNotices = dependencies.flatMap(([name, { ok, reason }, meanwhile]) =>
    ok
      ? []
      : [
          badNotice(
            `The ${name} can't be reached`,
            `${reason ?? "no reason given"}; ${meanwhile}`,
            "Check that it runs and that this machine reaches it",
            "rollcall doctor",
          ),
        ],
  );
  const { refused } = partitions;
  if (refused.length > 0)
    return [
      ...unreachableNotices,
      badNotice(
        "Partitions are refused",
        refused.join("; "),
        "List them, then restart from the earliest message (--yes)",
        "rollcall offsets reset",
      ),
    ];
  if (partitions.ok) return unreachableNotices;
  return [
    ...unreachableNotices,
    badNotice("Partitions are not served", partitions.reason ?? "", "Start a process", "rollcall start"),
  ];
}

const contractNotices = ({ refusedContracts }: NoticeFacts): Notice[] =>
  refusedContracts
    ? [
        badNotice(
          "The edited contracts were refused",
          `at ${refusedContracts.at}: ${refusedContracts.reason}; the previous contracts stay in force`,
          "List their errors",
          "rollcall validate",
        ),
      ]
    : [];

function holdNotice({ domain, kind, subject, count, of, held_at }: Hold, nowMs: number): Notice {
  const what = kind === "expiry" ? `Expiry of ${subject} is held` : `Deletions from ${subject} are held`;
  const detail = `since ${formatAge(held_at, nowMs)}: ${count} of ${of} would have happened at once`;
  const remedy = "Check for a fault of the network or of Rollcall; release it only if they are really gone";
  return {
    ...badNotice(what, detail, remedy, `rollcall hold release ${domain} ${subject} --reason "..."`),
    hold: { domain, subject },
  };
}

const breakerNotices = ({ openBreakers, nowMs }: NoticeFacts): Notice[] =>
  [...openBreakers].map(([backend, sinceMs]) =>
    badNotice(
      `${backend} is not called: its circuit breaker is open`,
      `open for ${formatDuration(nowMs - sinceMs)}: too many failures in a row`,
      "The log names the error. It is retried automatically",
      "rollcall doctor",
    ),
  );

function driftNotice(status: DriftStatus, nowMs: number): Notice[] {
  const { backend, error, isHeld } = status;
  const { at, differences } = describeDrift(status, nowMs);
  if (error !== null)
    return [
      badNotice(
        `${backend} can't be compared`,
        `${at}; ${error}`,
        `Check that ${backend} is reachable and that Rollcall may read it; until then nothing in it is repaired`,
        "rollcall doctor",
      ),
    ];
  if (differences === "") return [];
  const remedy = isHeld ? "Leftovers stay until an operator allows it" : "None needed: it is being repaired";
  return [infoNotice(`${backend} has drifted`, `${differences}, ${at}`, remedy)];
}
