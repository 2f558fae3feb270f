/**
 * The bounds of a runtime. When a queue is full, partitions are paused; nothing is dropped. Those of entities, all
 * waiting bytes, intents and unpublished messages are of the process: its domains share them.
 */
export const DEFAULT_LIMITS = {
  turnMessagesMax: 1_000,
  /** With so many waiting messages the next turn is planned while the last one is still being committed. */
  planAheadMessagesMin: 200,
  /** Messages waiting in memory, per partition. */
  waitingMessagesMax: 2_000,
  waitingBytesMax: 4 * 1024 * 1024,
  /** The same over all partitions. */
  allWaitingBytesMax: 128 * 1024 * 1024,
  /** Unfinished intents, over all effects. */
  intentsMax: 20_000,
  /** Journaled messages that are not published yet. */
  unpublishedMax: 20_000,
  /** Entities kept in memory, over all partitions. */
  entitiesMax: 100_000,
  /** What their data may have as JSON, together. */
  entityBytesMax: 256 * 1024 * 1024,
  publishMessagesMax: 1_000,
  publishTimeoutMs: 30_000,
  logEndsTimeoutMs: 3_000,
  /** How long message ids are remembered: the input topics' retention. */
  seenRetentionMs: 7 * 24 * 3_600_000,
  /** Time between two comparisons with the backends. */
  reconcileEveryMs: 30_000,
  /** So often entities whose data can't be read are read again; their deadlines wait as long when they are due. */
  unreadableRecheckMs: 10_000,
  /** Repairs that one comparison may request, over all backends. */
  repairsMax: 100,
};

export type ShellLimits = Readonly<typeof DEFAULT_LIMITS>;
