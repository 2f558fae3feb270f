import type { DoorKey } from "../core/door-seal.ts";
import { Fault } from "../core/fault.ts";
import type { Clock } from "../ports/clock.ts";
import type { Sql } from "../ports/store.ts";
import { readDoorKeys, type StoredDoorKey } from "../stored/door-keys.ts";

/** The keys with which doors are opened, as far as this process knows them. */
export interface DoorKeys {
  readonly known: readonly DoorKey[];
  /** Before doors are opened that name these keys. @throws Fault of the store */
  prepare(ids: readonly number[]): Promise<void>;
}

/** Of a runtime that is given none: then no door opens. */
export const NO_DOOR_KEYS: DoorKeys = { known: [], prepare: async () => {} };

/** What is known of the keys is at most so old while doors come: a key that was dropped opens nothing after it. */
const REREAD_MS = 60_000;
/** Headers come from anyone: keys that there are not are looked for at most so often. */
const UNKNOWN_REREAD_MS = 1_000;

/** The keys in the store. A new one is found when it is first named, so processes go on while keys are replaced. */
export class StoredDoorKeys implements DoorKeys {
  readonly #store: Sql;
  readonly #clock: Pick<Clock, "monotonicMs">;
  #known: readonly StoredDoorKey[] = [];
  #readAtMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  constructor(store: Sql, clock: Pick<Clock, "monotonicMs">) {
    this.#store = store;
    this.#clock = clock;
  }

  get known(): readonly DoorKey[] {
    return this.#known;
  }

  async prepare(ids: readonly number[]): Promise<void> {
    const ageMs = this.#clock.monotonicMs() - this.#readAtMs;
    const isUnknown = ids.some((id) => !this.#known.some((key) => key.id === id));
    if (ageMs < (isUnknown ? UNKNOWN_REREAD_MS : REREAD_MS)) return;
    await (this.#reading ??= this.#read().finally(() => (this.#reading = undefined)));
  }

  /** The key to seal with. @throws Fault of the store; STORE_REFUSED, not retryable: there is no key */
  async sealing(): Promise<DoorKey> {
    await this.prepare([]);
    const key = this.#known.find(({ isSettled }) => isSettled) ?? this.#known.at(-1);
    if (key) return key;
    throw new Fault("STORE_REFUSED", "the store has no door key: restart the process", { retryable: false });
  }

  async #read(): Promise<void> {
    const atMs = this.#clock.monotonicMs();
    this.#known = await readDoorKeys(this.#store);
    this.#readAtMs = atMs;
  }
}
