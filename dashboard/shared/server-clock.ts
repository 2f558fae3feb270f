import { useEffect, useMemo, useState } from "preact/hooks";

/**
 * The server's time, ms since the epoch; whoever uses it is drawn again once a second while the tab is looked at.
 * @param at what the server said its time was, in the answer that came last; undefined: our own clock for now
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
