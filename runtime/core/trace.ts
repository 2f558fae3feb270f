/** What W3C calls a traceparent (version 00 and later ones of its form). */
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Of headers from wherever: what is no traceparent is none. */
export function traceparentIn(headers: Readonly<Record<string, string | Uint8Array>>): string | undefined {
  const found = headers["traceparent"];
  if (found === undefined) return undefined;
  const text = String(found);
  return TRACEPARENT.test(text) ? text : undefined;
}

const traceIdOf = (traceparent: string): string => traceparent.slice(3, 35);

/** The traceparent that stands for all, if all are of one trace: else none does, and one of them would be a lie. */
export function sharedTraceparent(traceparents: readonly (string | undefined)[]): string | undefined {
  const [first] = traceparents;
  if (first === undefined) return undefined;
  const traceId = traceIdOf(first);
  return traceparents.every((each) => each !== undefined && traceIdOf(each) === traceId) ? first : undefined;
}

const traceparentBySignal = new WeakMap<AbortSignal, string>();

/** Of a call: its signal is what reaches every request that is made for it. */
export const attachTraceparent = (signal: AbortSignal, traceparent: string): void =>
  void traceparentBySignal.set(signal, traceparent);
export const traceparentOf = (signal: AbortSignal): string | undefined => traceparentBySignal.get(signal);
