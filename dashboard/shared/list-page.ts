/** A page of a list, as the API answers. */
export interface ListPage<Item> {
  readonly items: readonly Item[];
  /** Null: these are the last items. */
  readonly next_cursor: string | null;
  /** How many items the list has, where that was asked for. */
  readonly total?: number;
}
