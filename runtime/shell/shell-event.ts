import type { Decision } from "../core/decision.ts";
import type { Entity } from "../core/entity.ts";
import type { DoorProblem } from "../core/door-seal.ts";
import type { DriftKind } from "../core/drift.ts";
import type { Message } from "../core/message.ts";
import type { EntityRecord } from "../stored/entities.ts";
import type { ProjectionFault } from "../stored/projection-faults.ts";
import type { FillProgress } from "./projections/fill-projection.ts";
import type { TurnRow } from "../stored/read-lines.ts";

/** A turn that is durable. */
export interface CommittedTurn {
  readonly kind: "committed";
  readonly partitions: readonly {
    readonly partition: number;
    /** Of its journal. */
    readonly lastLine: number;
    /** What the turn added to it. */
    readonly rows: readonly TurnRow[];
    /** The next offset to read of each topic that the turn read of. */
    readonly positions: ReadonlyMap<string, number>;
  }[];
  /** The entities that the turn changed or wrote lines of, by id. */
  readonly entities: ReadonlyMap<string, { readonly after: EntityRecord }>;
}

/** Sent to the observers of a runtime (logs, metrics, the demo's timeline) after it has happened. */
export type ShellEvent =
  | {
      readonly kind: "decision";
      readonly partition: number;
      readonly message: Message;
      /** The entity as it was; undefined: there was none. */
      readonly before: Entity | undefined;
      readonly decision: Decision;
    }
  /** A record has a door that is none, or not its own: its sender is nobody. */
  | { readonly kind: "door_rejected"; readonly partition: number; readonly reason: DoorProblem }
  | { readonly kind: "repeat"; readonly partition: number; readonly type: string }
  | { readonly kind: "repartitioned"; readonly partition: number; readonly topic: string }
  /** A message of a type that its topic's contract has skipped, as the message names it. */
  | { readonly kind: "skipped"; readonly partition: number; readonly topic: string; readonly type: string }
  | {
      readonly kind: "dead_letter";
      readonly partition: number;
      readonly topic: string;
      readonly offset: number;
      readonly code: string;
      readonly error: string;
    }
  /** The store refuses the turn of this message of the runtime, which is tried again. */
  | {
      readonly kind: "turn_refused";
      readonly partition: number;
      /** Empty: it is about none. */
      readonly entity: string;
      readonly type: string;
      readonly error: string;
    }
  | CommittedTurn
  | { readonly kind: "turn"; readonly messages: number; readonly durationMs: number }
  | { readonly kind: "published"; readonly messages: number; readonly durationMs: number }
  | {
      readonly kind: "intent";
      readonly type: string;
      readonly backend: string;
      readonly result: "done" | "not_yet" | "retried" | "failed" | "superseded_intent";
      readonly entity?: string;
      /** Of the fault. */
      readonly code?: string | undefined;
      readonly error?: string | undefined;
    }
  /** An entity can't be purged yet: something of it is unpublished or not carried out, or the store refuses it. */
  | { readonly kind: "purge_deferred"; readonly partition: number; readonly entityId: string }
  /** The entity's rows in a projection are older than it is. */
  | ({ readonly kind: "projection_fault" } & ProjectionFault)
  | { readonly kind: "deadline_fired"; readonly name: string; readonly lateMs: number }
  /** So many entities of the state would have expired at once that their expiry is held. */
  | { readonly kind: "expiry_held"; readonly state: string; readonly entities: number; readonly total: number }
  | {
      readonly kind: "expiry_released";
      readonly state: string;
      /** Null: the hold ended without an operator. */
      readonly by: string | null;
      readonly reason: string | null;
    }
  /** A backend was compared with what it should hold: differences found, and repairs requested. */
  | (Readonly<Record<DriftKind | "entries" | "repairs", number>> & {
      readonly kind: "comparison_done";
      readonly backend: string;
    })
  | { readonly kind: "comparison_failed"; readonly backend: string; readonly error: string }
  /** So many entries would be deleted that an operator must release it. */
  | { readonly kind: "deletions_held"; readonly backend: string; readonly deletions: number; readonly total: number }
  /** Other contracts than before are in force, and this process runs them. */
  | {
      readonly kind: "contracts_in_force";
      readonly hash: string;
      readonly by: string;
      /** Files that changed without a new `contract_version`. */
      readonly filesWithoutNewVersion: readonly string[];
    }
  /** Other gateways than before are served; the other contracts are the same. */
  | { readonly kind: "gateways_in_force"; readonly by: string }
  /** A table is filled while another version of its projection, or none, is in use. */
  | ({ readonly kind: "projection_filling" } & FillProgress)
  /** The last round of a change, which is short, could not be done: it is tried again. */
  | { readonly kind: "projections_waiting"; readonly reason: string }
  | { readonly kind: "contracts_refused"; readonly by: string; readonly reason: string }
  /** The domain can't be served. It is tried again, while the process serves others. */
  | { readonly kind: "domain_failed"; readonly error: string }
  /** A run of the job has failed, or doesn't do as it should: it is too long, or goes on after it was told to end. */
  | { readonly kind: "job_failed"; readonly job: string; readonly error: string }
  | {
      readonly kind: "breaker";
      /** Without placeholders: one of the contract's, for metrics. */
      readonly backend: string;
      /** The backend with its placeholders filled; the backend itself where it has none. */
      readonly key: string;
      readonly open: boolean;
      /** Of the backend, now. */
      readonly openKeys: number;
    }
  | { readonly kind: "partitions_owned"; readonly owned: readonly number[]; readonly refused: readonly string[] }
  | { readonly kind: "partitions_lost"; readonly partitions: readonly number[] }
  | { readonly kind: "unpublishable"; readonly topic: string; readonly error: string }
  | { readonly kind: "unreachable"; readonly part: "bus" | "store"; readonly error: string }
  | { readonly kind: "recovered"; readonly part: "bus" | "store"; readonly outageMs: number };

export type Observe = (event: ShellEvent) => void;
