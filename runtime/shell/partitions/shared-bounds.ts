import type { ShellLimits } from "../limits.ts";

/** What the domains of a process have one bound for. */
const SHARED = {
  entities: "entitiesMax",
  entityBytes: "entityBytesMax",
  waitingBytes: "allWaitingBytesMax",
  intents: "intentsMax",
  unpublished: "unpublishedMax",
} as const satisfies Record<string, keyof ShellLimits>;
type SharedAmount = keyof typeof SHARED;

/** One domain's part of the process's bounds. */
export interface BoundsShare {
  /** Records what the domain uses now. @returns how much it may use, never less than its own share */
  use(what: SharedAmount, amount: number): number;
  /** The domain uses nothing any more. */
  release(): void;
}

/**
 * Bounds over all domains of a process: of n domains each has 1/(n+1) of its own, and the rest goes to whoever needs
 * it. So one that fills its queues leaves the others their share, and a single one has everything.
 */
export class SharedBounds {
  readonly #limits: ShellLimits;
  readonly #domains: number;
  readonly #shares: Map<SharedAmount, number>[] = [];

  constructor(limits: ShellLimits, domains: number) {
    this.#limits = limits;
    this.#domains = domains;
  }

  /** To be called once for each of the domains. */
  share(): BoundsShare {
    const used = new Map<SharedAmount, number>();
    this.#shares.push(used);
    return {
      use: (what, amount) => {
        used.set(what, amount);
        return this.#allowed(what, used);
      },
      release: () => used.clear(),
    };
  }

  #allowed(what: SharedAmount, own: ReadonlyMap<SharedAmount, number>): number {
    const total = this.#limits[SHARED[what]];
    const ownPart = total / (this.#domains + 1);
    let left = total;
    for (const used of this.#shares) if (used !== own) left -= Math.max(ownPart, used.get(what) ?? 0);
    return Math.max(ownPart, left);
  }
}
