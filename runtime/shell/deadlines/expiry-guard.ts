import type { DeadlineSpec, ExpiryGuardSpec } from "../../core/domain.ts";
import { type ExpiryHold, expiryHolds } from "../operators/holds.ts";
import { repeat, type ShellContext } from "../shell-context.ts";
import type { DeadlineIndex, DueDeadline } from "./deadline-index.ts";

const POLL_MS = 1_000;
const POLL_WHILE_HELD_MS = 250;
/** If the store could not be read for this long, nothing guarded expires: another process may have begun a hold. */
const STALE_READ_MAX_MS = 5_000;
/** When a hold drains, one entity expires in this time, over all processes. */
const DRAIN_INTERVAL_MS = 1_000;
/** A hold ends when no process has had a waiting entity for this long. */
const HOLD_IDLE_MS = 5_000;
/** How long a verdict is reused, since making one reads every armed deadline. */
const VERDICT_VALID_MS = 100;

interface MassExpiryVerdict {
  readonly isMass: boolean;
  /** How many of `total` expired in the last half of `renewed_for`, or are due in the next half. */
  readonly entities: number;
  readonly total: number;
}

interface GuardedState {
  readonly state: string;
  readonly deadline: DeadlineSpec;
  readonly guard: ExpiryGuardSpec;
  /** The state's row when it was last read. */
  hold?: ExpiryHold | undefined;
  /** A mass expiry that is not in the store yet. */
  pendingHold?: MassExpiryVerdict | undefined;
  cachedVerdict?: { readonly untilMs: number; readonly value: MassExpiryVerdict } | undefined;
  /** When entities expired that neither a hold nor an operator released. */
  expiredAtMs: number[];
  /** Whether this process has claimed the next entity that may expire while the hold drains. */
  mayDrain: boolean;
}

/**
 * Holds the expiry of a state when so many of its entities would expire at once that the fault is probably ours. A hold
 * is a row in the store, so it binds all processes and survives restarts. An operator can release it at once. Otherwise
 * it drains when the entities stay silent for one more period: one entity a second expires, the oldest first.
 */
export class ExpiryGuard {
  readonly #context: ShellContext;
  readonly #index: DeadlineIndex;
  readonly #states: ReadonlyMap<string, GuardedState>;
  #lastReadAtMs = Number.NEGATIVE_INFINITY;

  constructor(context: ShellContext, index: DeadlineIndex) {
    this.#context = context;
    this.#index = index;
    const guarded = [...context.domain.orchestrator.states.values()].flatMap(({ name: state, deadline }) =>
      deadline?.expiryGuard ? [{ state, deadline, guard: deadline.expiryGuard, expiredAtMs: [], mayDrain: false }] : [],
    );
    this.#states = new Map(guarded.map((each) => [each.deadline.name, each]));
  }

  start(): void {
    if (this.#states.size === 0) return;
    const poll = async (): Promise<number> => {
      // A poll that fails is repeated by the next one, and until then nothing guarded expires.
      await this.#poll().catch(() => {});
      return [...this.#states.values()].some(isInForce) ? POLL_WHILE_HELD_MS : POLL_MS;
    };
    // At once, before deadlines are taken over: a hold from before a time in which no process served ends here, and
    // what is still silent after the grace is judged anew.
    void poll().then((delayMs) => repeat(this.#context, delayMs, poll));
  }

  /** The holds in force, with the number of this process's entities that wait. */
  get holds(): readonly (ExpiryHold & { readonly waiting: number })[] {
    return [...this.#states.values()].flatMap((each) =>
      each.hold && isInForce(each) ? [{ ...each.hold, waiting: this.#waitingCount(each) }] : [],
    );
  }

  /** Whether a due deadline may fire now. To be called once for each firing, oldest first. */
  mayFire({ name, at }: DueDeadline): boolean {
    const guarded = this.#states.get(name);
    if (!guarded) return true;
    if (this.#context.clock.monotonicMs() - this.#lastReadAtMs > STALE_READ_MAX_MS) return false;
    if (isInForce(guarded)) {
      const { mayDrain } = guarded;
      guarded.mayDrain = false;
      return mayDrain;
    }
    if (at <= releasedUntilMs(guarded)) return true;
    const nowMs = this.#context.brokerClock.nowMs();
    const verdict = this.#verdictOf(guarded, nowMs);
    if (verdict.isMass) guarded.pendingHold = verdict;
    else guarded.expiredAtMs.push(nowMs);
    return !verdict.isMass;
  }

  #verdictOf(guarded: GuardedState, nowMs: number): MassExpiryVerdict {
    if (guarded.cachedVerdict && nowMs < guarded.cachedVerdict.untilMs) return guarded.cachedVerdict.value;
    const { name, renewedForMs } = guarded.deadline;
    guarded.expiredAtMs = guarded.expiredAtMs.filter((at) => at >= nowMs - renewedForMs);
    const verdict = judgeMassExpiry(guarded, this.#index.armedTimes(name), nowMs);
    guarded.cachedVerdict = { untilMs: nowMs + VERDICT_VALID_MS, value: verdict };
    return verdict;
  }

  #waitingCount({ deadline: { name } }: GuardedState): number {
    const nowMs = this.#context.brokerClock.nowMs();
    let count = 0;
    for (const at of this.#index.armedTimes(name)) if (at <= nowMs) count++;
    return count;
  }

  async #poll(): Promise<void> {
    const { store, domain, clock } = this.#context;
    for (const guarded of this.#states.values()) {
      if (guarded.pendingHold) await this.#storeHold(guarded, guarded.pendingHold);
      if (guarded.hold?.releasedAtMs === null) await this.#drain(guarded);
    }
    const askedAtMs = clock.monotonicMs();
    const rows = await expiryHolds(store, domain.name);
    this.#lastReadAtMs = askedAtMs;
    const holds = new Map(rows.map((row) => [row.state, row]));
    for (const guarded of this.#states.values()) this.#adopt(guarded, holds.get(guarded.state));
  }

  /** Writes nothing when the row has changed since the verdict: then the new row counts. */
  async #storeHold({ state, hold }: GuardedState, { entities, total }: MassExpiryVerdict): Promise<void> {
    await this.#context.store.query(
      `insert into rollcall.expiry_hold as held (domain, state, held_at, entities, total)
       values ($1, $2, $3, $4, $5)
       on conflict (domain, state) do update set held_at = excluded.held_at, entities = excluded.entities,
         total = excluded.total, last_waiting_at = null, last_drained_at = null, released_at = null,
         released_by = null, reason = null
       where held.released_at = $6`,
      [this.#context.domain.name, state, this.#now(), entities, total, dateOf(hold?.releasedAtMs ?? null)],
    );
  }

  /** Claims the next entity that may expire; releases the hold when no process has a waiting entity any more. */
  async #drain(guarded: GuardedState): Promise<void> {
    const { store, domain } = this.#context;
    const { state, deadline } = guarded;
    const now = this.#now();
    const hold = [domain.name, state, now] as const;
    const periodAgo = new Date(now.getTime() - deadline.renewedForMs);
    if (this.#waitingCount(guarded) === 0) {
      guarded.mayDrain = false;
      await store.query(
        `update rollcall.expiry_hold set released_at = $3
          where domain = $1 and state = $2 and released_at is null and held_at <= $4
            and coalesce(last_waiting_at, held_at) <= $5`,
        [...hold, periodAgo, new Date(now.getTime() - HOLD_IDLE_MS)],
      );
      return;
    }
    const [claimed] = await store.query<{ drains: boolean }>(
      `update rollcall.expiry_hold held set last_waiting_at = $3,
         last_drained_at = case when before.drains then $3 else held.last_drained_at end
         from (select domain, state, held_at <= $4 and coalesce(last_drained_at <= $5, true) as drains
                 from rollcall.expiry_hold where domain = $1 and state = $2 for update) as before
        where held.domain = before.domain and held.state = before.state and held.released_at is null
       returning before.drains`,
      [...hold, periodAgo, new Date(now.getTime() - DRAIN_INTERVAL_MS)],
    );
    if (claimed?.drains) guarded.mayDrain = true;
  }

  #adopt(guarded: GuardedState, row: ExpiryHold | undefined): void {
    const { hold: before, state } = guarded;
    guarded.hold = row;
    // A hold whose write failed stays pending. One that was written, or lost against a newer row, does not.
    if (row?.releasedAtMs === null || row?.releasedAtMs !== before?.releasedAtMs) guarded.pendingHold = undefined;
    if (row === undefined || (before?.heldAtMs === row.heldAtMs && before.releasedAtMs === row.releasedAtMs)) return;
    guarded.cachedVerdict = undefined;
    if (row.releasedAtMs === null) {
      this.#context.observe({ kind: "expiry_held", state, entities: row.entities, total: row.total });
    } else {
      guarded.mayDrain = false;
      if (before?.releasedAtMs === null)
        this.#context.observe({ kind: "expiry_released", state, by: row.releasedBy, reason: row.reason });
    }
  }

  #now(): Date {
    return new Date(this.#context.brokerClock.nowMs());
  }
}

/**
 * Whether so many entities of a state expire at once that the fault is probably ours and not theirs. Pure.
 * @param armedTimes of the armed deadlines of the state's entities
 * @param nowMs broker time, ms since the epoch
 */
export function judgeMassExpiry(
  guarded: Pick<GuardedState, "guard" | "deadline" | "hold" | "expiredAtMs">,
  armedTimes: Iterable<number>,
  nowMs: number,
): MassExpiryVerdict {
  const { guard, deadline, expiredAtMs } = guarded;
  // Who beats three times in a period is never due within half of it; and of a fleet on a busy network or machine the
  // last beats before a fault were spread over more than the third in which they should have come.
  const halfMs = deadline.renewedForMs / 2;
  // What an operator released is no sign of a new fault.
  const releasedMs = releasedUntilMs(guarded);
  let entities = 0;
  let total = 0;
  for (const at of armedTimes) {
    total++;
    if (at <= nowMs + halfMs && at > releasedMs) entities++;
  }
  for (const at of expiredAtMs) {
    if (at < nowMs - halfMs) continue;
    total++;
    entities++;
  }
  return { isMass: entities >= guard.minCount && entities >= guard.maxRatio * total, entities, total };
}

const isInForce = ({ hold, pendingHold }: GuardedState): boolean =>
  pendingHold !== undefined || hold?.releasedAtMs === null;

/** Entities that were silent when an operator released the hold are due within one period after that. */
const releasedUntilMs = ({ hold, deadline }: Pick<GuardedState, "hold" | "deadline">): number =>
  hold?.releasedAtMs != null && hold.releasedBy !== null
    ? hold.releasedAtMs + deadline.renewedForMs
    : Number.NEGATIVE_INFINITY;

const dateOf = (ms: number | null): Date | null => (ms === null ? null : new Date(ms));
