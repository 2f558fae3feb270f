const UNITS = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
] as const;

/**
 * `0 s`, `48 s`, `3 min 5 s`, `2 h 10 min`: whole seconds, two units at most. For what ticks before the reader's eyes.
 */
export function formatDuration(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1_000));
  const first = UNITS.findIndex(([, seconds]) => total >= seconds);
  const [unit, seconds] = UNITS[first] ?? ["s", 1];
  const next = UNITS[first + 1];
  const rest = next && Math.floor((total % seconds) / next[1]);
  return `${Math.floor(total / seconds)} ${unit}${rest ? ` ${rest} ${next[0]}` : ""}`;
}

/** A measured time: `0.4 ms`, `12 ms`, `1.34 s`; seconds and above in words. */
export function formatMeasuredMs(ms: number | null): string {
  if (ms === null) return "–";
  if (ms < 10) return `${Math.round(ms * 10) / 10} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${Math.round(ms / 10) / 100} s` : formatDuration(ms);
}

/** `0`, `0.05`, `1.2`, `340`, `12,500`. */
export const formatNumber = (value: number): string =>
  value.toLocaleString("en", { maximumFractionDigits: value < 1 ? 2 : value < 10 ? 1 : 0 });
