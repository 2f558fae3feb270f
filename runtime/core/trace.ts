/** W3C Trace Context, version 00 and later versions of the same form. */
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Headers may come from anyone: a malformed traceparent counts as none. */
export function traceparentIn(headers: Readonly<Record<string, string | Uint8Array>>): string | undefined {
  const text = String(headers["traceparent"] ?? "");
  return TRACEPARENT.test(text) ? text : undefined;
}

/** The first traceparent if all belong to one trace; undefined otherwise. */
export function sharedTraceparent(traceparents: readonly (string | undefined)[]): string | undefined {
  const [first] = traceparents;
  const traceId = first?.slice(3, 35);
  return traceparents.every((each) => each?.slice(3, 35) === traceId) ? first : undefined;
}

/** A call's abort signal is passed on to every request that is made for it, so the trace is found by it. */
const traceparentBySignal = new WeakMap<AbortSignal, string>();

export const attachTraceparent = (signal: AbortSignal, traceparent: string): void =>
  void traceparentBySignal.set(signal, traceparent);
export const traceparentOf = (signal: AbortSignal): string | undefined => traceparentBySignal.get(signal);
