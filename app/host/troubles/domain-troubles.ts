import { Fault } from "../../../runtime/core/fault.ts";
import { type DomainFacts, STALLED_MS } from "./facts.ts";
import {
  DOUBT,
  entitiesUnreadable,
  expiriesHeld,
  projectionsChanging,
  purgesOverdue,
  rowsOlder,
  turnsRefused,
} from "./entity-troubles.ts";
import type { Make, OwnTrouble, Surroundings } from "./own-trouble.ts";
import type { Trouble } from "./trouble.ts";

const isFailed = ({ failure }: DomainFacts, { lone }: Surroundings): boolean => failure !== null || lone.length > 0;
const wholeOf = ({ count }: Surroundings) => (count === 1 ? "process" : "domain");

function failed({ failure }: DomainFacts, surroundings: Surroundings): OwnTrouble[] {
  const { lone, nowMs } = surroundings;
  const [away] = lone;
  const reason = failure ? messageOf(failure.error) : `the ${away?.part} refuses it: ${away?.reason}`;
  return [
    {
      code: "DOMAIN_FAILED",
      sinceMs: failure?.atMs ?? nowMs - (away?.forMs ?? 0),
      title: "the domain can't be served",
      detail: `${reason}; it is tried again, and the other domains of the process are served`,
      remedy: failure
        ? remedyOf(failure.error)
        : "see that each of its topics exists and has a leader (rollcall doctor), and that no one else is in its group",
      blocks: wholeOf(surroundings),
    },
  ];
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const REMEDIES: Readonly<Record<string, string>> = {
  TOPICS_UNEQUAL: "give each of its topics the same number of partitions",
  TOPIC_TIMESTAMP_TYPE: "kafka-configs --alter --add-config message.timestamp.type=LogAppendTime on its input topics",
  PARTITIONS_CHANGED: "give its topics the number of partitions that the store knows",
};
const remedyOf = (error: unknown): string =>
  (error instanceof Fault ? REMEDIES[error.code] : undefined) ??
  "correct what the error names: its topics, its contracts, or the rights of this process";

function starting(facts: DomainFacts, surroundings: Surroundings): OwnTrouble[] {
  const { status, hasAssignment, hasFailed, unserved } = facts;
  const isWaiting = status.owned.length === 0 && status.refused.length === 0 && unserved.length > 0;
  if (hasAssignment && !isWaiting) return [];
  return [
    {
      code: "STARTING",
      title: "the domain is not served yet",
      detail: isWaiting
        ? `none of its partitions is owned here, and ${unserved.length} of ${status.partitions} by nobody`
        : "its partitions are not assigned yet",
      remedy: "none needed; after a crash it takes as long as the group waits for the dead member",
      blocks: hasAssignment || hasFailed ? wholeOf(surroundings) : "process",
    },
  ];
}

function stalled({ status }: DomainFacts, { nowMs, isShared }: Surroundings): OwnTrouble[] {
  const { standstillMs, commits, owned } = status;
  if (isShared) return [];
  const isFailing = (commits.failing?.forMs ?? 0) >= STALLED_MS;
  const still = [...standstillMs].filter(([, forMs]) => forMs >= STALLED_MS);
  const partitions = still.length === 0 && isFailing ? owned : still.map(([number]) => number);
  if (partitions.length === 0) return [];
  const forMs = Math.max(commits.failing?.forMs ?? 0, ...still.map(([, ms]) => ms));
  const reason = commits.failing ? `; ${commits.failing.reason}` : "";
  return [
    {
      code: "PARTITION_STALLED",
      partitions,
      sinceMs: nowMs - forMs,
      title: partitions.length === 1 ? `partition ${partitions[0]} stands still` : "partitions stand still",
      detail: `${partitions.join(", ")}: messages wait and none is taken${reason}`,
      remedy: "see that they have a leader, and the log for what can't be read or stored; a restart reads them anew",
      blocks: "domain",
    },
  ];
}

function partitionsRefused({ status: { refused } }: DomainFacts, surroundings: Surroundings): OwnTrouble[] {
  const isDamaged = (reason: string): boolean => reason.includes(" in rollcall.turn ");
  const [damaged, foreign] = [refused.filter(isDamaged), refused.filter((reason) => !isDamaged(reason))];
  const trouble = (reasons: readonly string[], remedy: string): OwnTrouble => ({
    code: "PARTITION_REFUSED",
    partitions: reasons.flatMap((reason) => (/ partition (\d+) /.exec(reason) ?? []).slice(1).map(Number)),
    title: "partitions are refused",
    detail: reasons.join("; "),
    remedy,
    blocks: wholeOf(surroundings),
  });
  const all: OwnTrouble[] = [];
  if (foreign.length > 0)
    all.push(trouble(foreign, "list them with rollcall offsets reset, then restart from the earliest message (--yes)"));
  if (damaged.length > 0)
    all.push(trouble(damaged, "find out what changed the table, restore it from a backup, and restart"));
  return all;
}

const backendsUnavailable: Make = ({ backends, backendsAwaited = true }, surroundings) => {
  const waiting = backendsAwaited ? "entities wait" : "nothing waits";
  return backends.flatMap(({ name, error }) =>
    error === null
      ? []
      : [
          {
            code: "BACKEND_UNAVAILABLE",
            subject: name,
            title: `the ${name} can't be reached`,
            detail: `${error}; its intents are retried automatically, and ${waiting} for them`,
            remedy: "check that it runs and that this machine reaches it",
            blocks: backendsAwaited ? wholeOf(surroundings) : "nothing",
          },
        ],
  );
};

function contractsRefused({ refusedChange, failure }: DomainFacts): OwnTrouble[] {
  if (!refusedChange) return [];
  const { atMs, by, reason } = refusedChange;
  return [
    {
      code: "CONTRACTS_REFUSED",
      sinceMs: atMs,
      title: "a contract change was refused",
      detail: `by ${by}: ${reason}${failure ? "" : "; the previous contracts stay in force"}`,
      remedy: "correct them (rollcall validate lists every error), then rollcall reload",
      blocks: "nothing",
    },
  ];
}

const breakersOpen: Make = ({ status: { openBreakers } }, { nowMs }) =>
  [...openBreakers].map(([subject, { keys, forMs, lastError }]) => ({
    code: "BREAKER_OPEN",
    subject,
    sinceMs: nowMs - forMs,
    title: `${keys[0]} is not called: its circuit breaker is open${keys.length > 1 ? `; ${keys.length - 1} more` : ""}`,
    detail: `too many calls failed in a row, the last one with: ${lastError}`,
    remedy: "it is tried again by itself; rollcall explain has each try of an entity",
    blocks: "nothing",
  }));

function drift({ name, status }: DomainFacts): OwnTrouble[] {
  return status.drift.flatMap(({ backend: subject, error, found, isHeld }): OwnTrouble[] => {
    const of = { subject, blocks: "nothing" } as const;
    const read = `check that ${subject} is reachable and that Rollcall may read it`;
    const failedComparison: OwnTrouble = {
      ...of,
      code: "COMPARISON_FAILED",
      title: `${subject} can't be compared`,
      detail: `${error}; until it can, nothing in it is repaired or deleted`,
      remedy: read,
    };
    const held: OwnTrouble = {
      ...of,
      code: "DELETIONS_HELD",
      title: `deletions from ${subject} are held`,
      detail: `${found.leftover} would have happened at once`,
      remedy: `${DOUBT}: rollcall hold release ${name} ${subject} --reason "..."`,
    };
    const differences = Object.entries(found).flatMap(([kind, count]) => (count > 0 ? [`${count} ${kind}`] : []));
    const drifted: OwnTrouble = {
      ...of,
      code: "DRIFT",
      title: `${subject} has drifted`,
      detail: differences.join(", "),
      remedy: isHeld ? "leftovers stay until an operator allows it" : "none needed: it is being repaired",
    };
    return [
      ...(error === null ? [] : [failedComparison]),
      ...(isHeld ? [held] : []),
      ...(error === null && differences.length > 0 ? [drifted] : []),
    ];
  });
}

function backpressure({ status: { paused } }: DomainFacts): OwnTrouble[] {
  if (paused.length === 0) return [];
  return [
    {
      code: "BACKPRESSURE",
      partitions: paused,
      title: "partitions are paused: a queue is full",
      detail: `partitions ${paused.join(", ")}: they are read again when the queue is half empty; nothing is dropped`,
      remedy: "start another process, or find out what is slow: the store, the bus, or a backend",
      blocks: "nothing",
    },
  ];
}

const jobsFailed: Make = ({ jobs }) =>
  jobs.flatMap(({ job, failure }) =>
    failure
      ? {
          code: "JOB_FAILED",
          subject: job,
          sinceMs: failure.sinceMs,
          title: `the job ${job} fails`,
          detail: `${failure.times} times in a row: ${failure.error}`,
          remedy: "correct what the error names; the next run begins when it is due",
          blocks: "nothing",
        }
      : [],
  );

/** An entity is purged within seconds when it is due: a day later something holds it up. */
const MAKERS: readonly Make[] = [
  starting,
  stalled,
  partitionsRefused,
  turnsRefused,
  entitiesUnreadable,
  backendsUnavailable,
  contractsRefused,
  expiriesHeld,
  breakersOpen,
  drift,
  backpressure,
  jobsFailed,
  purgesOverdue,
  rowsOlder,
  projectionsChanging,
];

/** What is wrong with one domain. */
export const domainTroubles = (facts: DomainFacts, surroundings: Surroundings): Trouble[] =>
  (isFailed(facts, surroundings) ? [failed, contractsRefused] : MAKERS)
    .flatMap((make) => make(facts, surroundings))
    .map((own) => ({ domain: facts.name, subject: null, partitions: [], sinceMs: surroundings.nowMs, ...own }));
