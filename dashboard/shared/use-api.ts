import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { fetchJson } from "./api.ts";

export interface ApiResult<Answer> {
  readonly answer: Answer | undefined;
  /** Of the latest request; the answer before it stays. */
  readonly error: Error | undefined;
  readonly refetch: () => void;
}

/**
 * What the server answers for a path, fetched again every `everyMs` while the tab is visible. Without a path nothing is
 * fetched.
 */
export function useApi<Answer>(path: string | undefined, everyMs?: number): ApiResult<Answer> {
  const [answer, setAnswer] = useState<{ readonly path: string; readonly value: Answer }>();
  const [error, setError] = useState<Error>();
  const latest = useRef(0);
  const refetch = useCallback(() => {
    if (path === undefined) return;
    const requestNumber = ++latest.current;
    fetchJson<Answer>(path)
      .then((value) => {
        if (requestNumber !== latest.current) return;
        setAnswer({ path, value });
        setError(undefined);
      })
      .catch((reason: Error) => requestNumber === latest.current && setError(reason));
  }, [path]);
  useEffect(() => {
    refetch();
    if (everyMs === undefined) return;
    const timer = setInterval(() => document.hidden || refetch(), everyMs);
    return () => clearInterval(timer);
  }, [refetch, everyMs]);
  return { answer: answer?.path === path ? answer?.value : undefined, error, refetch };
}
