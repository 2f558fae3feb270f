import type { RuntimeStatus } from "../../../runtime/shell/runtime.ts";
import type { UnservedDomain } from "../../../runtime/stored/domains.ts";
import type { JobStatus } from "../jobs.ts";
import type { DomainFailure, RefusedChange } from "../reloading-runtime.ts";

export interface DomainFacts {
  readonly name: string;
  readonly status: Pick<
    RuntimeStatus,
    | ("bus" | "store" | "commits" | "owned" | "partitions" | "refused" | "paused" | "standstillMs")
    | ("openBreakers" | "holds" | "drift" | "brokerTimeMs")
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
  readonly jobs: readonly Pick<JobStatus, "job" | "failure">[];
}

export interface ProcessFacts {
  readonly isStopping: boolean;
  readonly domains: readonly DomainFacts[];
  /** Domains of the store that no process serves. */
  readonly unserved: readonly UnservedDomain[];
  /** By this machine's clock. */
  readonly nowMs: number;
}

/** For so long input waits, or every commit fails, before it is a trouble: shorter ones are part of ordinary work. */
export const STALLED_MS = 15_000;
