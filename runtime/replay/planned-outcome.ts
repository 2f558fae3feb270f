import type { Decision } from "../core/decision.ts";

/** The part of a decision that depends on the contracts. */
export interface PlannedStep {
  readonly result: Decision["result"];
  readonly reason: string;
  readonly state: string | null;
  readonly events: readonly string[];
  readonly intents: readonly string[];
}

export interface PlannedOutcome {
  readonly entityId: string;
  readonly verdict: "same" | "otherwise" | "unknown";
  /** The last state of each attempt, oldest first: as recorded, and under the edited contract. */
  readonly recorded: readonly string[];
  readonly planned: readonly string[];
  /** The first step that differs; null: none. `recorded` or `planned` is null when that run takes no step there. */
  readonly first: {
    readonly at: string;
    readonly partition: number;
    readonly seq: number;
    readonly type: string;
    readonly recorded: PlannedStep | null;
    readonly planned: PlannedStep | null;
  } | null;
  /**
   * Why it can't be known how the planned run goes on. The verdict can still be `otherwise`, when an earlier attempt
   * ended differently.
   */
  readonly unknown: string | null;
}

export interface PlanWindow {
  /** From when on the edited contract decides, and when the plan ends; ms since the epoch. */
  readonly sinceMs: number;
  readonly untilMs: number;
}

export interface PlanObserver {
  result(result: PlannedOutcome): void;
  /** @param reason why the entity's history can't be planned */
  incomplete(entityId: string, reason: string): void;
}
