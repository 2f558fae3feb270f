/** Names that at most one process of a store holds at a time. A process that isn't heard any more loses its own. */
export interface Locks {
  /**
   * A process may act on a name for so long, in ms, after the beginning of the last `hold` that returned it, and begins
   * to so long after the first: then whoever had it before has stopped. 0: no other process can have any.
   */
  readonly graceMs: number;
  /**
   * Takes those of the names that nobody holds, and holds on to those that it has. To be called again at least every
   * third of `graceMs`, each time with all names; one call at a time.
   * @returns those that this process holds
   * @throws Fault STORE_UNAVAILABLE, retryable: it may hold none any more
   */
  hold(names: readonly string[]): Promise<ReadonlySet<string>>;
  /** Gives all back. Idempotent. */
  close(): Promise<void>;
}
