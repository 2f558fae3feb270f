import { Fault } from "../runtime/core/fault.ts";

/**
 * Writes a batch with one call. When its data is refused, it is written in halves, until each refused item is alone.
 * @param write throws Fault STORE_REFUSED when the data of its items is refused; any other error makes the items that
 * are left UNAVAILABLE
 * @param refusedCode code of the fault, not retryable, of an item that is refused alone
 * @returns in the order of the items, undefined for those that were written and a fault for the others
 */
export async function writeIsolatingRefused<Item>(
  items: readonly Item[],
  write: (items: readonly Item[]) => Promise<unknown>,
  refusedCode: string,
  signal: AbortSignal,
): Promise<(Fault | undefined)[]> {
  let storeFault: Fault | undefined;
  const attempt = async (part: readonly Item[]): Promise<(Fault | undefined)[]> => {
    if (storeFault !== undefined) return part.map(() => storeFault);
    try {
      await rejectOnAbort(write(part), signal);
      return part.map(() => undefined);
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== "STORE_REFUSED") {
        storeFault = backendUnavailable(error);
        return part.map(() => storeFault);
      }
      if (part.length === 1) return [new Fault(refusedCode, error.message, { retryable: false, cause: error })];
      const middle = Math.ceil(part.length / 2);
      return [...(await attempt(part.slice(0, middle))), ...(await attempt(part.slice(middle)))];
    }
  };
  return items.length === 0 ? [] : attempt(items);
}

/**
 * A store takes no signal. A statement that still runs after the abort may write late; that does no harm, because an
 * older version never replaces a younger one.
 */
function rejectOnAbort<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new Error("the store did not answer before the effect's timeout"));
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

const backendUnavailable = (cause: unknown): Fault =>
  new Fault("UNAVAILABLE", cause instanceof Error ? cause.message : String(cause), { retryable: true, cause });
