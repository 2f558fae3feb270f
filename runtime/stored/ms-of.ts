/** A time of the store as ms since the epoch. @param time a column, or an expression of SQL */
export const msOf = (time: string): string => `(extract(epoch from ${time}) * 1000)::bigint`;
