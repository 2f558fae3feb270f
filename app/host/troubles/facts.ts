import type { RuntimeStatus } from "../../../runtime/shell/runtime.ts";
import type { NoticesStatus } from "../../../runtime/ports/notices.ts";
import type { UnservedDomain } from "../../../runtime/stored/domains.ts";
import type { JobStatus } from "../jobs.ts";
import type { KeptDay } from "../journal-days.ts";
import type { ProjectionChange } from "../../../runtime/stored/projection-fills.ts";
import type { DomainFailure, RefusedChange } from "../reloading-options.ts";

/** Why nothing listens at a gateway's port. */
export interface ClosedListener {
  readonly name: string;
  readonly reason: string;
  readonly remedy: string;
  /** Ms since the epoch. */
  readonly sinceMs: number;
}

/** What a port is served with. */
export interface ServedCertificate {
  readonly listener: string;
  readonly file: string;
  readonly validFromMs: number;
  readonly expiresAtMs: number;
  /** Why the files, read again, are not served; undefined: they are. */
  readonly refused: { readonly reason: string; readonly remedy: string; readonly sinceMs: number } | undefined;
}

export interface DomainFacts {
  readonly name: string;
  readonly status: Pick<
    RuntimeStatus,
    | ("bus" | "store" | "commits" | "owned" | "partitions" | "refused" | "paused" | "standstillMs")
    | ("refusedTurns" | "openBreakers" | "holds" | "drift" | "unreadable" | "brokerTimeMs")
  >;
  readonly failure: DomainFailure | null;
  readonly refusedChange: RefusedChange | null;
  /** Whether this process has had an assignment of its partitions, be it of none. */
  readonly hasAssignment: boolean;
  /** Whether it has failed since the start of the process. */
  readonly hasFailed: boolean;
  /** Partitions that no process serves; only known while this one has none. */
  readonly unserved: readonly number[];
  /** The backends that it has opened; error: why one can't be reached. */
  readonly backends: readonly { readonly name: string; readonly error: string | null }[];
  /** Whether entities wait for them; undefined: they do. */
  readonly backendsAwaited?: boolean;
  readonly jobs: readonly Pick<JobStatus, "job" | "failure">[];
  /** When the entity was due that waits for longest to be purged, ms since the epoch; null: none waits. */
  readonly purgesDueAtMs: number | null;
  /** Changes of projections that are under way. */
  readonly projectionChanges?: readonly ProjectionChange[];
  /** Of each projection that has any: entities whose rows are older than they are, since when the first. */
  readonly projectionFaults?: readonly {
    readonly projection: string;
    readonly count: number;
    readonly sinceMs: number;
  }[];
}

export interface ProcessFacts {
  readonly isStopping: boolean;
  readonly domains: readonly DomainFacts[];
  /** Domains of the store that no process serves. */
  readonly unserved: readonly UnservedDomain[];
  /** The earliest day of the journal that should have been dropped; undefined: none. */
  readonly keptDay?: KeptDay | undefined;
  /** Ports of gateways at which nothing listens. */
  readonly closedListeners?: readonly ClosedListener[];
  readonly certificates?: readonly ServedCertificate[];
  /** Whether it hears what other processes commit. */
  readonly notices: NoticesStatus;
  /** By this machine's clock. */
  readonly nowMs: number;
}

/** For so long input waits, or every commit fails, before it is a trouble: shorter ones are part of ordinary work. */
export const STALLED_MS = 15_000;
