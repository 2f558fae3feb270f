import type { DeadlineSpec } from "../../core/domain.ts";
import type { DeadlineIndex, Due } from "./deadline-index.ts";
import { type ExpiryHold, expiryHolds } from "../operators/holds.ts";
import { massExpiry, type Verdict } from "./mass-expiry.ts";
import type { ShellParts } from "../shell-context.ts";

const READ_MS = 1_000;
const READ_WHILE_HELD_MS = 250;
/** Without a word from the store for this long nothing guarded expires: another process may have begun a hold. */
const BLIND_MAX_MS = 5_000;
/** One entity goes in this time, over all processes, once a hold's silent period is over. */
const DRAIN_MS = 1_000;
/** A hold ends when for this long no process had an entity that waits. */
const IDLE_MS = 5_000;
/** How long a verdict is good for: it looks at every armed deadline. */
const VERDICT_MS = 100;

interface Guarded {
  readonly state: string;
  readonly deadline: DeadlineSpec;
  readonly guard: NonNullable<DeadlineSpec["expiryGuard"]>;
  /** The state's row as it was read last. */
  hold: ExpiryHold | undefined;
  /** A mass expiry that is not in the store yet. */
  begun: Verdict | undefined;
  verdict: { readonly untilMs: number; readonly of: Verdict } | undefined;
  /** When entities expired that no hold and no operator let go. */
  expiredAt: number[];
  /** Whether one may go: claimed in the store, so one a second over all processes. */
  mayDrain: boolean;
}

/**
 * Holds the expiry of a state while so many of its entities would expire at once that the fault is probably ours. A
 * hold is a row in the store: every process keeps to it, and a restart remembers. It is over by an operator's word, at
 * once; or after one more silent period, one entity a second, oldest first.
 */
export class ExpiryGuard {
  readonly #parts: ShellParts;
  readonly #index: DeadlineIndex;
  readonly #guarded: ReadonlyMap<string, Guarded>;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #stopped = false;
  #cancel = (): void => {};

  constructor(parts: ShellParts, index: DeadlineIndex) {
    this.#parts = parts;
    this.#index = index;
    this.#guarded = new Map(
      [...parts.domain.orchestrator.states.values()].flatMap(({ name: state, deadline }) =>
        deadline?.expiryGuard
          ? [
              [
                deadline.name,
                {
                  state,
                  deadline,
                  guard: deadline.expiryGuard,
                  hold: undefined,
                  begun: undefined,
                  verdict: undefined,
                  expiredAt: [],
                  mayDrain: false,
                },
              ] as const,
            ]
          : [],
      ),
    );
  }

  start(): void {
    if (this.#guarded.size === 0 || this.#stopped) return;
    // Out of reach: it is tried again in a moment, and until then nothing guarded expires.
    void this.#look()
      .catch(() => {})
      .finally(() => {
        if (this.#stopped) return;
        const isHeld = [...this.#guarded.values()].some((each) => isInForce(each));
        this.#cancel = this.#parts.clock.after(isHeld ? READ_WHILE_HELD_MS : READ_MS, () => this.start());
      });
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  /** Holds in force, and how many entities of this process wait. */
  get holds(): readonly (ExpiryHold & { readonly waiting: number })[] {
    return [...this.#guarded.values()].flatMap((each) =>
      each.hold && isInForce(each) ? [{ ...each.hold, waiting: this.#waiting(each) }] : [],
    );
  }

  /** Whether a deadline that is due may fire now; asked once for each firing, oldest first. */
  allows({ name, at }: Due): boolean {
    const guarded = this.#guarded.get(name);
    if (!guarded) return true;
    if (this.#parts.clock.monotonicMs() - this.#readAtMs > BLIND_MAX_MS) return false;
    if (isInForce(guarded)) {
      const { mayDrain } = guarded;
      guarded.mayDrain = false;
      return mayDrain;
    }
    if (at <= allowedUntilMs(guarded)) return true;
    const nowMs = this.#parts.brokerClock.nowMs();
    const verdict = this.#verdict(guarded, nowMs);
    if (verdict.isMass) guarded.begun = verdict;
    else guarded.expiredAt.push(nowMs);
    return !verdict.isMass;
  }

  #verdict(guarded: Guarded, nowMs: number): Verdict {
    if (guarded.verdict && nowMs < guarded.verdict.untilMs) return guarded.verdict.of;
    const {
      guard,
      deadline: { name, renewedForMs },
    } = guarded;
    guarded.expiredAt = guarded.expiredAt.filter((at) => at >= nowMs - renewedForMs);
    const of = massExpiry({
      guard,
      renewedForMs,
      nowMs,
      armedFor: this.#index.armedFor(name),
      expiredAt: guarded.expiredAt,
      allowedUntilMs: allowedUntilMs(guarded),
    });
    guarded.verdict = { untilMs: nowMs + VERDICT_MS, of };
    return of;
  }

  #waiting({ deadline: { name } }: Guarded): number {
    const nowMs = this.#parts.brokerClock.nowMs();
    let count = 0;
    for (const at of this.#index.armedFor(name)) if (at <= nowMs) count++;
    return count;
  }

  async #look(): Promise<void> {
    const { store, domain, clock } = this.#parts;
    for (const guarded of this.#guarded.values()) {
      if (guarded.begun) await this.#begin(guarded, guarded.begun);
      if (guarded.hold?.releasedAtMs === null) await this.#advance(guarded);
    }
    const askedAtMs = clock.monotonicMs();
    const rows = await expiryHolds(store, domain.name);
    this.#readAtMs = askedAtMs;
    for (const guarded of this.#guarded.values())
      this.#take(
        guarded,
        rows.find(({ state }) => state === guarded.state),
      );
  }

  /** Unless the row is another one by now than the verdict was made by: then that one counts. */
  async #begin({ state, hold }: Guarded, { entities, of }: Verdict): Promise<void> {
    await this.#parts.store.query(
      `insert into rollcall.expiry_hold as held (domain, state, held_at, entities, of_entities)
       values ($1, $2, $3, $4, $5)
       on conflict (domain, state) do update set held_at = excluded.held_at, entities = excluded.entities,
         of_entities = excluded.of_entities, waiting_at = null, drained_at = null, released_at = null,
         released_by = null, reason = null
       where held.released_at = $6`,
      [this.#parts.domain.name, state, this.#now(), entities, of, dateOf(hold?.releasedAtMs ?? null)],
    );
  }

  async #advance(guarded: Guarded): Promise<void> {
    const { store, domain } = this.#parts;
    const { state, deadline } = guarded;
    const now = this.#now();
    const hold = [domain.name, state, now] as const;
    const periodAgo = new Date(now.getTime() - deadline.renewedForMs);
    if (this.#waiting(guarded) === 0) {
      guarded.mayDrain = false;
      await store.query(
        `update rollcall.expiry_hold set released_at = $3
          where domain = $1 and state = $2 and released_at is null and held_at <= $4
            and coalesce(waiting_at, held_at) <= $5`,
        [...hold, periodAgo, new Date(now.getTime() - IDLE_MS)],
      );
      return;
    }
    const [claimed] = await store.query<{ drains: boolean }>(
      `update rollcall.expiry_hold held set waiting_at = $3,
         drained_at = case when before.drains then $3 else held.drained_at end
         from (select domain, state, held_at <= $4 and coalesce(drained_at <= $5, true) as drains
                 from rollcall.expiry_hold where domain = $1 and state = $2 for update) as before
        where held.domain = before.domain and held.state = before.state and held.released_at is null
       returning before.drains`,
      [...hold, periodAgo, new Date(now.getTime() - DRAIN_MS)],
    );
    if (claimed?.drains) guarded.mayDrain = true;
  }

  #take(guarded: Guarded, row: ExpiryHold | undefined): void {
    const { hold: before, state } = guarded;
    guarded.hold = row;
    // A begin whose write failed is written at the next look; one that another row answered is answered.
    if (row?.releasedAtMs === null || row?.releasedAtMs !== before?.releasedAtMs) guarded.begun = undefined;
    if (row === undefined || (before?.heldAtMs === row.heldAtMs && before.releasedAtMs === row.releasedAtMs)) return;
    guarded.verdict = undefined;
    if (row.releasedAtMs === null) {
      this.#parts.observe({ kind: "expiry_held", state, entities: row.entities, of: row.of });
    } else {
      guarded.mayDrain = false;
      if (before?.releasedAtMs === null)
        this.#parts.observe({ kind: "expiry_released", state, by: row.releasedBy, reason: row.reason });
    }
  }

  #now(): Date {
    return new Date(this.#parts.brokerClock.nowMs());
  }
}

const isInForce = ({ hold, begun }: Guarded): boolean => begun !== undefined || hold?.releasedAtMs === null;

/** What was silent when an operator gave a word is due within one period of it. */
const allowedUntilMs = ({ hold, deadline }: Guarded): number =>
  hold?.releasedAtMs != null && hold.releasedBy !== null
    ? hold.releasedAtMs + deadline.renewedForMs
    : Number.NEGATIVE_INFINITY;

const dateOf = (ms: number | null): Date | null => (ms === null ? null : new Date(ms));
