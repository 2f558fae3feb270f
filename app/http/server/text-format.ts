const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
] as const;

/** `850 ms`, `12 s`, `3 min`, `2 h`, `5 d`. */
export function formatDuration(ms: number): string {
  for (const [unit, unitMs] of UNITS) if (ms >= 2 * unitMs) return `${Math.floor(ms / unitMs)} ${unit}`;
  return ms >= 1_000 ? `${Math.floor(ms / 1_000)} s` : `${Math.max(0, Math.round(ms))} ms`;
}

/** How long before `nowMs` an RFC 3339 time was. */
export const formatAge = (at: string | null, nowMs: number): string =>
  at === null ? "never" : `${formatDuration(Math.max(0, nowMs - Date.parse(at)))} ago`;

/** `a, b and c`. */
export const joinList = (items: readonly string[], conjunction = "and"): string =>
  items.length < 2 ? (items[0] ?? "") : `${items.slice(0, -1).join(", ")} ${conjunction} ${items.at(-1)}`;
