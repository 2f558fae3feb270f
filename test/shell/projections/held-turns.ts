import type { Store } from "../../../runtime/ports/store.ts";
import { wrapped } from "../../wrapped.ts";

/** Turns that are sent, and not committed before they are let go. */
export class HeldTurns {
  #held: Promise<void> = Promise.resolve();
  #release = (): void => {};

  /** From now on. */
  hold(): void {
    this.#held = new Promise((resolve) => (this.#release = resolve));
  }

  release(): void {
    this.#release();
  }

  /** The store as the process has it whose turns are held. */
  of(store: Store): Store {
    return wrapped<Store>(store, {
      transaction: (work) =>
        store.transaction(async (tx) => {
          const result = await work(tx);
          await this.#held;
          return result;
        }),
    });
  }
}
