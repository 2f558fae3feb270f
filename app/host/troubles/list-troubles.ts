import { domainTroubles } from "./domain-troubles.ts";
import { listenerTroubles } from "./listener-troubles.ts";
import { type DomainFacts, type ProcessFacts, STALLED_MS } from "./facts.ts";
import type { KeptDay } from "../journal-days.ts";
import type { NoticesStatus } from "../../../runtime/ports/notices.ts";
import type { UnservedDomain } from "../../../runtime/stored/domains.ts";
import type { Trouble } from "./trouble.ts";

/** When the others of a process reach bus and store, one that does not has failed after so long. */
const ALONE_MS = 5_000;
const PARTS = ["bus", "store"] as const;
type Part = (typeof PARTS)[number];

const ofProcess = { domain: null, subject: null, partitions: [], blocks: "process" } as const;

/** What is wrong, what blocks first. Pure: only `since` of what has no beginning in the facts is now. */
export function listTroubles(facts: ProcessFacts): Trouble[] {
  const { isStopping, domains, unserved, notices, keptDay, nowMs } = facts;
  if (isStopping) return [drainingTrouble(nowMs)];
  const serving = domains.filter(({ failure }) => !failure);
  const away = PARTS.filter((part) => serving.length > 0 && serving.every(({ status }) => !status[part].ok));
  const shared = [
    ...away.map((part) => unavailableTrouble(part, serving, nowMs)),
    ...(away.includes("store") ? [] : [...commitsFailing(serving, nowMs), ...noticesUnheard(notices, nowMs)]),
  ];
  const own = domains.flatMap((facts) => {
    const lone = PARTS.flatMap((part) => {
      const status = facts.status[part];
      return away.includes(part) || status.ok || status.forMs < ALONE_MS ? [] : [{ part, ...status }];
    });
    const isShared = shared.some(({ blocks }) => blocks === "process");
    return domainTroubles(facts, { nowMs, lone, count: domains.length, isShared });
  });
  const order = ["process", "domain", "nothing"];
  const others = unserved.filter(({ domain }) => !domains.some(({ name }) => name === domain));
  const unservedTroubles = others.map((each) => unservedTrouble(each, nowMs));
  const days = keptDay ? [keptDayTrouble(keptDay, nowMs)] : [];
  return [...shared, ...own, ...unservedTroubles, ...days, ...listenerTroubles(facts)].sort(
    (a, b) => order.indexOf(a.blocks) - order.indexOf(b.blocks),
  );
}

const drainingTrouble = (nowMs: number): Trouble => ({
  ...ofProcess,
  code: "DRAINING",
  sinceMs: nowMs,
  title: "the process is stopping",
  detail: "it finishes what is under way and takes nothing new",
  remedy: "none needed; other processes take over its partitions",
});

const unservedTrouble = ({ domain, partitions, secondsAgo }: UnservedDomain, nowMs: number): Trouble => ({
  ...{ code: "DOMAIN_UNSERVED", domain, subject: null, partitions: [], sinceMs: nowMs - secondsAgo * 1_000 },
  title: "no process serves the domain",
  detail: `none of its ${partitions} partitions; its messages wait, and its deadlines stand still`,
  remedy: `start a process with its module, or: rollcall domains retire ${domain} --reason "..."`,
  blocks: "nothing",
});

const keptDayTrouble = ({ day, reason }: KeptDay, nowMs: number): Trouble => ({
  ...{ code: "JOURNAL_DAY_KEPT", domain: null, subject: null, partitions: [], sinceMs: nowMs, blocks: "nothing" },
  title: "days of the journal are kept for longer than JOURNAL_KEEP says",
  detail: `${day}, the first: ${reason}`,
  remedy: "serve the domain that needs it, or end what it waits for; it is dropped by itself afterwards",
});

const MEANWHILE = {
  bus: "until it is reachable no message is processed and no deadline fires",
  store: "until it is reachable processing waits; nothing is lost",
} as const;

function unavailableTrouble(part: Part, domains: readonly DomainFacts[], nowMs: number): Trouble {
  const away = domains.flatMap(({ status }) => (status[part].ok ? [] : [status[part]]));
  const forMs = Math.max(...away.map((each) => each.forMs));
  return {
    ...ofProcess,
    code: part === "bus" ? "BUS_UNAVAILABLE" : "STORE_UNAVAILABLE",
    sinceMs: nowMs - forMs,
    title: `the ${part} can't be reached`,
    detail: `${away[0]?.reason ?? "no reason given"}; ${MEANWHILE[part]}`,
    remedy: "check that it runs and that this machine reaches it",
  };
}

/** Input waits, the store answers, and yet nothing that this process decides can be stored. */
function commitsFailing(domains: readonly DomainFacts[], nowMs: number): Trouble[] {
  const failing = domains.flatMap(({ status: { commits } }) => commits.failing ?? []);
  const longest = failing.toSorted((a, b) => b.forMs - a.forMs)[0];
  if (!longest || longest.forMs < STALLED_MS) return [];
  if (domains.some(({ status: { commits } }) => commits.lastMs < STALLED_MS)) return [];
  return [
    {
      ...ofProcess,
      code: "STORE_COMMITS_FAILING",
      sinceMs: nowMs - longest.forMs,
      title: "every commit to the store fails",
      detail: `${longest.reason}; messages wait, and nothing is lost`,
      remedy: "look for locks, a full disk or a read-only replica in the store; work goes on by itself afterwards",
    },
  ];
}

function noticesUnheard({ isHeard, unheardForMs, reason }: NoticesStatus, nowMs: number): Trouble[] {
  if (isHeard) return [];
  const why = reason ?? "LISTEN was accepted, and nothing arrives";
  return [
    {
      ...ofProcess,
      code: "NOTICES_UNHEARD",
      sinceMs: nowMs - unheardForMs,
      title: "what other processes commit is not heard",
      detail: `${why}; while somebody waits, the store is read 20 times a second instead`,
      remedy: "set DATABASE_LISTEN_URL to Postgres itself: behind a pooler in transaction mode LISTEN does nothing",
      blocks: "nothing",
    },
  ];
}
