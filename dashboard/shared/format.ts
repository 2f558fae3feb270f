const UNITS = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
] as const;

/** `0 s`, `48 s`, `3 min 5 s`, `2 h 10 min`: whole seconds, at most two units. For times that are shown running. */
export function formatDuration(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1_000));
  const first = UNITS.findIndex(([, seconds]) => total >= seconds);
  const [unit, seconds] = UNITS[first] ?? ["s", 1];
  const next = UNITS[first + 1];
  const rest = next && Math.floor((total % seconds) / next[1]);
  return `${Math.floor(total / seconds)} ${unit}${rest ? ` ${rest} ${next[0]}` : ""}`;
}

/** A measured time: `0.4 ms`, `12 ms`, `1.34 s`; from a minute on as `formatDuration`. */
export function formatMeasuredMs(ms: number | null): string {
  if (ms === null) return "–";
  if (ms < 10) return `${Math.round(ms * 10) / 10} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${Math.round(ms / 10) / 100} s` : formatDuration(ms);
}

/** `0`, `0.05`, `1.2`, `340`, `12,500`. */
export const formatNumber = (value: number): string =>
  value.toLocaleString("en", { maximumFractionDigits: value < 1 ? 2 : value < 10 ? 1 : 0 });

export const formatDateTime = (at: string): string => new Date(at).toLocaleString();
export const formatClockTime = (at: string | number): string => new Date(at).toLocaleTimeString();

const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit" } as const;

/** To the millisecond, with the date where that is not today. */
export function formatExactTime(at: string): string {
  const time = new Date(at);
  const clock = time.toLocaleTimeString([], { ...CLOCK, hourCycle: "h23", fractionalSecondDigits: 3 });
  return time.toDateString() === new Date().toDateString() ? clock : `${time.toLocaleDateString()} ${clock}`;
}

export const capitalize = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
