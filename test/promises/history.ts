/** An event of an entity: as the core made it, as it was committed, or as it was read from a topic. */
export interface HistoryEvent {
  readonly type: string;
  readonly id: string;
  /** The id of the message that caused it. */
  readonly cause: unknown;
  readonly payload: Readonly<Record<string, unknown>>;
  /** When it was made, committed or published: the earliest of these that can be known; ms since the epoch. */
  readonly atMs: number;
}

/** One copy of an event in a topic. */
export interface PublishedCopy {
  readonly type: string;
  readonly id: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** Everything that must be the same in each copy. */
  readonly content: string;
  /** Undefined where it was read over HTTP. */
  readonly place?: { readonly topic: string; readonly partition: number };
}

/** Time in which nobody served, or something that the product needs was out of reach; ms since the epoch. */
export interface Outage {
  readonly of?: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** What must agree with the events when input has stopped and everything works (G10). */
export interface AtRest {
  /** As the store or the API has them, by entity id. */
  readonly entities: ReadonlyMap<string, { readonly state: unknown; readonly seq: number }>;
}
