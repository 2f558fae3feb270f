/** Time and randomness, so that a simulation can control both. */
export interface Clock {
  /** Milliseconds that never jump or go back; no relation to the calendar. */
  monotonicMs(): number;
  /** Milliseconds since the epoch by this machine's clock, which may be wrong and may jump: only for logs. */
  wallMs(): number;
  /** Calls once after at least `delayMs`. Never keeps the process alive by itself. @returns cancels the call */
  after(delayMs: number, call: () => void): () => void;
  /** Resolves when the I/O that is ready now was processed. */
  afterIo(): Promise<void>;
  /** In [0, 1). Only for jitter. */
  random(): number;
}
