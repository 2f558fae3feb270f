/** The bounds of a runtime. When a queue is full, partitions are paused; nothing is dropped. */
export interface ShellLimits {
  readonly turnMessagesMax: number;
  /** With so many waiting messages the next turn is planned while the last one is still being committed. */
  readonly planAheadMessagesMin: number;
  /** Messages waiting in memory, per partition. */
  readonly waitingMessagesMax: number;
  readonly waitingBytesMax: number;
  /** Unfinished intents, over all effects. */
  readonly intentsMax: number;
  /** Journaled messages that are not published yet. */
  readonly unpublishedMax: number;
  /** Entities kept in memory, over all partitions. */
  readonly entitiesMax: number;
  readonly publishMessagesMax: number;
  readonly publishTimeoutMs: number;
  readonly logEndsTimeoutMs: number;
  /** How long message ids are remembered: the input topics' retention. */
  readonly seenRetentionMs: number;
  /** Time between two comparisons with the backends. */
  readonly reconcileEveryMs: number;
  /** Repairs that one comparison may request, over all backends. */
  readonly repairsMax: number;
}

export const DEFAULT_LIMITS: ShellLimits = {
  turnMessagesMax: 1_000,
  planAheadMessagesMin: 200,
  waitingMessagesMax: 2_000,
  waitingBytesMax: 4 * 1024 * 1024,
  intentsMax: 20_000,
  unpublishedMax: 20_000,
  entitiesMax: 100_000,
  publishMessagesMax: 1_000,
  publishTimeoutMs: 30_000,
  logEndsTimeoutMs: 3_000,
  seenRetentionMs: 7 * 24 * 3_600_000,
  reconcileEveryMs: 30_000,
  repairsMax: 100,
};
