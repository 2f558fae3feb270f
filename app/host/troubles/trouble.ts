/** By whom they are had. Each is in docs/guide/operate.md. */
export const TROUBLE_CODES = {
  process: [
    ...["DRAINING", "BUS_UNAVAILABLE", "STORE_UNAVAILABLE", "STORE_COMMITS_FAILING", "NOTICES_UNHEARD"],
    ...["JOURNAL_DAY_KEPT", "LISTENER_CERTIFICATE", "LISTENER_CLOSED"],
  ],
  domain: [
    "STARTING",
    "DOMAIN_FAILED",
    "PARTITION_STALLED",
    "PARTITION_REFUSED",
    "TURN_REFUSED",
    "ENTITY_UNREADABLE",
    "BACKEND_UNAVAILABLE",
    "CONTRACTS_REFUSED",
    "EXPIRY_HELD",
    "DELETIONS_HELD",
    "BREAKER_OPEN",
    "COMPARISON_FAILED",
    "DRIFT",
    "BACKPRESSURE",
    "JOB_FAILED",
    "PURGES_OVERDUE",
    "PROJECTION_ROWS_OLDER",
    "PROJECTION_CHANGING",
    "DOMAIN_UNSERVED",
  ],
} as const;
export type TroubleCode = (typeof TROUBLE_CODES)["process" | "domain"][number];

/** What an operator should know. `title`, `detail` and `remedy` are for people. */
export interface Trouble {
  readonly code: TroubleCode;
  /** Null: the whole process has it. */
  readonly domain: string | null;
  /** What of the domain: a backend, or a state; null: the code says it. */
  readonly subject: string | null;
  /** Those that have it; empty: it is not one of single partitions. */
  readonly partitions: readonly number[];
  /** Ms since the epoch, by this machine's clock. */
  readonly sinceMs: number;
  readonly title: string;
  readonly detail: string;
  readonly remedy: string;
  /** What is not ready because of it. What blocks the process blocks the domain too. */
  readonly blocks: "process" | "domain" | "nothing";
}

/** Those that make the process, or one of its domains, not ready. */
export const blockers = (troubles: readonly Trouble[], name?: string): readonly Trouble[] =>
  troubles.filter(({ blocks, domain }) =>
    name === undefined ? blocks === "process" : blocks !== "nothing" && (domain === null || domain === name),
  );

/** The troubles of a domain, and those that it shares with the whole process. */
export const troublesFor = (troubles: readonly Trouble[], name: string): readonly Trouble[] =>
  troubles.filter(({ domain }) => domain === null || domain === name);
