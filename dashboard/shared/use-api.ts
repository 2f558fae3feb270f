import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ask } from "./api.ts";

export interface Asked<Answer> {
  readonly answer: Answer | undefined;
  /** Of the last try; the last answer stays beside it. */
  readonly error: Error | undefined;
  /** Asks again now. */
  readonly again: () => void;
}

/**
 * What the server answers for a path, asked again every `everyMs` while the tab is looked at. Undefined asks nothing.
 */
export function useAsked<Answer>(path: string | undefined, everyMs?: number): Asked<Answer> {
  const [answer, setAnswer] = useState<{ readonly path: string; readonly value: Answer }>();
  const [error, setError] = useState<Error>();
  const latest = useRef(0);
  const again = useCallback(() => {
    if (path === undefined) return;
    const turn = ++latest.current;
    ask<Answer>(path)
      .then((value) => {
        if (turn !== latest.current) return;
        setAnswer({ path, value });
        setError(undefined);
      })
      .catch((reason: Error) => turn === latest.current && setError(reason));
  }, [path]);
  useEffect(() => {
    again();
    if (everyMs === undefined) return;
    const timer = setInterval(() => document.hidden || again(), everyMs);
    return () => clearInterval(timer);
  }, [again, everyMs]);
  return { answer: answer?.path === path ? answer?.value : undefined, error, again };
}
