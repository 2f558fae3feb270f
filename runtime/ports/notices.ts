/** Up to which line each of these partitions has its journal committed: line by partition. */
export type LineEnds = ReadonlyMap<number, number>;

export type NoticeListener = (domain: string, ends: LineEnds) => void;

/**
 * Tells all processes of a store where turns were committed. It only saves them time: what is told may be lost, late or
 * told twice, and nothing may depend on it.
 */
export interface Notices {
  /** Never throws. What is told within a few ms goes out together. */
  tell(domain: string, ends: LineEnds): void;
  /** Also called for what this process tells. The function returned ends it. */
  listen(listener: NoticeListener): () => void;
  readonly status: NoticesStatus;
  /** Idempotent. */
  close(): Promise<void>;
}

export interface NoticesStatus {
  /** Whether what other processes tell arrives here, as far as can be known. */
  readonly isHeard: boolean;
  /** For how long nothing has arrived, in ms; 0 while it is heard. */
  readonly unheardForMs: number;
  /** Why; null: no reason is known. */
  readonly reason: string | null;
}

export const HEARD: NoticesStatus = { isHeard: true, unheardForMs: 0, reason: null };
