/** The years that RFC 3339 can write: 0000 to 9999. */
const EARLIEST_MS = -62_167_219_200_000;
const LATEST_MS = 253_402_300_799_999;

const RFC_3339 =
  /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i;

// Formatted seconds, up to the decimal point: a step formats its own time a dozen times, and deadlines that are always
// the same few seconds later.
const recentSeconds = new Map<number, string>();
const RECENT_SECONDS_MAX = 64;

/** Ms since the epoch to RFC 3339, UTC, with ms. Total: times outside of the years 0000 to 9999 are clamped. */
export function toRfc3339(ms: number): string {
  const clamped = Number.isNaN(ms) ? 0 : Math.trunc(Math.min(Math.max(ms, EARLIEST_MS), LATEST_MS));
  const second = Math.floor(clamped / 1_000);
  let text = recentSeconds.get(second);
  if (text === undefined) {
    if (recentSeconds.size >= RECENT_SECONDS_MAX) recentSeconds.clear();
    recentSeconds.set(second, (text = new Date(second * 1_000).toISOString().slice(0, -"000Z".length)));
  }
  const rest = clamped - second * 1_000;
  return `${text}${rest < 10 ? "00" : rest < 100 ? "0" : ""}${rest}Z`;
}

/** The UTC day of a time, as 2026-01-31. @param ms since the epoch */
export const utcDayOf = (ms: number): string => toRfc3339(ms).slice(0, 10);

/** @param day UTC, as 2026-01-31 @returns when it begins, ms since the epoch */
export const dayBeginMs = (day: string): number => Date.parse(`${day}T00:00:00Z`);

/**
 * RFC 3339 to ms since the epoch, finer digits cut; undefined for any other text. The offset is required, since local
 * times mean different things on different machines. Leap seconds (:60) are refused: Unix time has none.
 */
export function fromRfc3339(text: string): number | undefined {
  const day = RFC_3339.exec(text)?.[1];
  if (day === undefined || !isCalendarDay(day)) return undefined;
  const ms = Date.parse(text.toUpperCase());
  return Number.isNaN(ms) ? undefined : ms;
}

/** `Date.parse` reads February 30 as March 1. */
function isCalendarDay(day: string): boolean {
  const ms = Date.parse(day);
  return !Number.isNaN(ms) && new Date(ms).getUTCDate() === Number(day.slice(8));
}
