/**
 * For each row of a table before it in `from` the place (`found.place`) of the one row of a stored table that has its
 * key, for an update or deletion `where ctid = found.place`. A join by key would leave it to the server how it looks,
 * and a plan that it made when the table was small, and has kept, reads all of the table. Only for rows that nobody
 * else changes at the same time, such as those of a partition whose owner is locked: one that moves is not found.
 * @param isKey a condition that one row meets at most, by an index
 */
export const foundRow = (table: string, isKey: string): string =>
  `cross join lateral (select ctid as place from ${table} where ${isKey} limit 1) as found`;
