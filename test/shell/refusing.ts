import { Fault } from "../../runtime/core/fault.ts";
import type { Store } from "../../runtime/ports/store.ts";
import { wrapped } from "../wrapped.ts";

/** A store that refuses the turns with such lines, until it is told to accept them. */
export function refusing(store: Store, isRefused: (lines: string) => boolean) {
  let accepts = false;
  const over = wrapped(store, {
    transaction: (work) =>
      store.transaction(async (tx) => {
        let isBad = false;
        const result = await work({
          query: (text, values = []) => {
            isBad ||= !accepts && text.startsWith("insert into rollcall.turn") && isRefused(JSON.stringify(values));
            return tx.query(text, values);
          },
        });
        if (isBad) throw new Fault("STORE_REFUSED", "no room for it", { retryable: false });
        return result;
      }),
  });
  return { over, accept: (): void => void (accepts = true) };
}

/** Lines of messages of a type, about an entity. */
export const linesOf = (type: string, id: string) => (lines: string) =>
  lines.includes(`\\"type\\":\\"${type}\\"`) && lines.includes(`\\"entity_id\\":\\"${id}\\"`);
