import { useEffect, useMemo, useState } from "preact/hooks";

/**
 * The server's time, ms since the epoch. A component that uses it is drawn again each second while the tab is visible.
 * @param at the server's time in its latest answer; undefined: the browser's clock is used
 */
export function useServerClock(at: string | undefined): number {
  const offsetMs = useMemo(() => (at === undefined ? 0 : Date.parse(at) - Date.now()), [at]);
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || tick((count) => count + 1), 1_000);
    return () => clearInterval(timer);
  }, []);
  return Date.now() + offsetMs;
}
