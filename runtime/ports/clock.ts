/** Time and chance, so that a simulation can own both. */
export interface Clock {
  /** Milliseconds that never jump or go back; no relation to the calendar. */
  monotonicMs(): number;
  /** Milliseconds since the epoch by this machine's clock. Only for logs: it may be wrong, and jump. */
  wallMs(): number;
  /** Calls once after at least `delayMs`; the function returned cancels. Never keeps a process alive by itself. */
  after(delayMs: number, call: () => void): () => void;
  /** Resolves when the I/O that is ready now was heard. */
  afterIo(): Promise<void>;
  /** In [0, 1). Only for jitter. */
  random(): number;
}
