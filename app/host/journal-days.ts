import { ensureDayPartitions } from "../../runtime/adapters/sql/migrate.ts";
import { utcDayOf } from "../../runtime/core/time.ts";
import type { Clock } from "../../runtime/ports/clock.ts";
import type { Store } from "../../runtime/ports/store.ts";
import { dropJournalDay, journalDays, readersOfDay } from "../../runtime/stored/journal-days.ts";
import { nextDays } from "./open-shared.ts";

const EVERY_MS = 10 * 60_000;
/** A day is tried so often, so far apart: each try holds turns up for 50 ms at the most. */
const TRIES = 20;
const TRY_EVERY_MS = 1_000;

/** A day of the journal that is kept for longer than it should be. */
export interface KeptDay {
  /** UTC, as 2026-01-31. */
  readonly day: string;
  readonly reason: string;
}

/**
 * Creates the partitions of the days ahead in time, and drops the days of the journal that are older than they have to
 * be kept, the earliest first, once nobody needs them to go on from. Any process of a store may do it: a day that
 * another one has dropped is not there.
 */
export class JournalDays {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #keepMs: number | undefined;
  #kept: KeptDay | undefined;
  #cancel = (): void => {};
  #isStopped = false;
  #running: Promise<void> = Promise.resolve();

  /** @param keepMs how long a day is kept, from its end on; undefined: for good */
  constructor(store: Store, clock: Clock, keepMs: number | undefined) {
    this.#store = store;
    this.#clock = clock;
    this.#keepMs = keepMs;
  }

  /** The earliest day that should have gone, and why it is still there; undefined: none. */
  get kept(): KeptDay | undefined {
    return this.#kept;
  }

  start(): void {
    if (this.#isStopped) return;
    this.#running = this.run();
    // A run that fails is repeated by the next one; while the store is away, that is the trouble.
    void this.#running.catch(() => {}).finally(() => this.#startLater());
  }

  #startLater(): void {
    if (!this.#isStopped) this.#cancel = this.#clock.after(EVERY_MS, () => this.start());
  }

  /** Resolves when no day is being dropped any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#running.catch(() => {});
  }

  /**
   * Does what is due now.
   * @param nowMs by the store's clock: a machine's may be wrong
   */
  async run(nowMs?: number): Promise<void> {
    // What fails is repeated by the next run: the days ahead are more than one.
    await ensureDayPartitions(this.#store, nextDays(this.#clock)).catch(() => {});
    if (this.#keepMs === undefined) return;
    const before = utcDayOf((nowMs ?? (await readStoreTime(this.#store))) - this.#keepMs);
    for (const day of (await journalDays(this.#store)).filter((each) => each < before)) {
      const [reader, ...others] = await readersOfDay(this.#store, day);
      if (reader) {
        const { domain, partition, publishFrom, pendingFrom } = reader;
        const need =
          publishFrom <= pendingFrom ? `publish from line ${publishFrom}` : `end the intent of ${pendingFrom}`;
        const more = others.length === 0 ? "" : `; ${others.length} more partitions need it too`;
        this.#kept = { day, reason: `partition ${partition} of ${domain} has to ${need} on${more}` };
        return;
      }
      if (!(await this.#drop(day))) {
        this.#kept = { day, reason: `the table rollcall.turn was locked at each of ${TRIES} tries` };
        return;
      }
    }
    this.#kept = undefined;
  }

  async #drop(day: string): Promise<boolean> {
    for (let tries = 1; !this.#isStopped; tries++) {
      if (await dropJournalDay(this.#store, day)) return true;
      if (tries === TRIES) return false;
      await new Promise<void>((resolve) => void this.#clock.after(TRY_EVERY_MS, resolve));
    }
    return true;
  }
}

async function readStoreTime(store: Store): Promise<number> {
  const [row] = await store.query<{ now: Date }>("select clock_timestamp() as now");
  if (!row) throw new Error("the store tells no time");
  return row.now.getTime();
}
