/** Names of a contract: those among the given ones, or all but those. */
export type NameChoice = { readonly among: readonly string[] } | { readonly notAmong: readonly string[] };

/** A name of a contract that stored rows use. */
export interface NameInUse {
  readonly name: string;
  /** How many rows use it. */
  readonly count: number;
  /** The id of an entity with one of them. */
  readonly example: string;
}

/** Where names stand: the rows, as they follow `from`, and their column. */
interface NamedRows {
  readonly rows: string;
  readonly column: string;
}

/** The statement that finds them, each name once, and its values. */
export function namesInUse({ rows, column }: NamedRows, domain: string, choice: NameChoice) {
  const isChosen = "among" in choice ? `${column} = any($2::text[])` : `${column} <> all($2::text[])`;
  return [
    `select ${column} as name, count(*)::int as count, min(entity_id) as example from ${rows}
      where domain = $1 and ${isChosen} group by 1 order by 1`,
    [domain, "among" in choice ? choice.among : choice.notAmong],
  ] as const;
}
