import type { Trouble } from "./trouble.ts";

/** A trouble that comes back within this time has not ended. */
const QUIET_MS = 10_000;
const REMINDER_MS = 60_000;

export interface TroubleChange {
  readonly kind: "began" | "lasts" | "ended";
  readonly trouble: Trouble;
  /** How often it has begun: it may have gone for moments. */
  readonly count: number;
  readonly lastedMs: number;
}

interface Entry {
  trouble: Trouble;
  count: number;
  changedAtMs: number;
  absentSinceMs: number | undefined;
}

/** Remembers since when each trouble is there, and tells when it begins, once a minute while it lasts, and its end. */
export class TroubleRecord {
  readonly #entries = new Map<string, Entry>();

  /** @returns the same troubles, each with its first beginning, and what changed since the last call */
  update(found: readonly Trouble[], nowMs: number) {
    const changes: TroubleChange[] = [];
    const present = new Set<string>();
    const troubles = found.map((trouble) => {
      const key = JSON.stringify([trouble.domain, trouble.code, trouble.subject]);
      present.add(key);
      const entry = this.#entries.get(key) ?? { trouble, count: 0, changedAtMs: 0, absentSinceMs: nowMs };
      this.#entries.set(key, entry);
      entry.trouble = { ...trouble, sinceMs: Math.min(trouble.sinceMs, entry.trouble.sinceMs) };
      const isNew = entry.count === 0;
      if (entry.absentSinceMs !== undefined) entry.count++;
      entry.absentSinceMs = undefined;
      if (isNew || nowMs - entry.changedAtMs >= REMINDER_MS) {
        entry.changedAtMs = nowMs;
        changes.push(changeOf(isNew ? "began" : "lasts", entry, nowMs));
      }
      return entry.trouble;
    });
    for (const [key, entry] of this.#entries) {
      if (present.has(key)) continue;
      entry.absentSinceMs ??= nowMs;
      if (nowMs - entry.absentSinceMs < QUIET_MS) continue;
      this.#entries.delete(key);
      changes.push(changeOf("ended", entry, entry.absentSinceMs));
    }
    return { troubles, changes };
  }
}

const changeOf = (kind: TroubleChange["kind"], { trouble, count }: Entry, untilMs: number): TroubleChange => ({
  ...{ kind, trouble, count },
  lastedMs: Math.max(0, untilMs - trouble.sinceMs),
});
