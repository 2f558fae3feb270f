import type { System } from "../../host/system.ts";
import { formatDuration } from "../server/text-format.ts";

const RECENT_MS = 60_000;

/** What this process's effects failed with in the last minute. Failures in other processes are not known here. */
export class RecentIntentFailures {
  readonly #clock: System["clock"];
  /** By intent type: the contract bounds their number. */
  readonly #failures = new Map<string, { readonly code: string; readonly atMs: number }>();
  readonly close: () => void;

  constructor({ watch, clock }: Pick<System, "watch" | "clock">) {
    this.#clock = clock;
    this.close = watch((event) => {
      if (event.kind !== "intent") return;
      if (event.result === "done") this.#failures.delete(event.type);
      else this.#failures.set(event.type, { code: event.code ?? "", atMs: clock.monotonicMs() });
    });
  }

  /** A clause for each of these types that failed and has not succeeded since. */
  describe(types: readonly string[]): string[] {
    const nowMs = this.#clock.monotonicMs();
    return [...new Set(types)].flatMap((type) => {
      const failure = this.#failures.get(type);
      if (!failure || nowMs - failure.atMs > RECENT_MS) return [];
      return [`${type} is being retried, it failed with ${failure.code} ${formatDuration(nowMs - failure.atMs)} ago`];
    });
  }
}
