/** The ETag of an entity: its number of events. */
export const entityTag = (seq: number): string => `"${seq}"`;

const TAG = /^"([1-9][0-9]{0,14})"$/;

/**
 * What If-Match asks of an entity: a number of events, or only that it is there (`*`). Undefined: it is none that an
 * entity may ever have. A weak tag is none either: it does not say that nothing has changed.
 */
export function readIfMatch(header: string): number | "*" | undefined {
  const text = header.trim();
  const [, seq] = TAG.exec(text) ?? [];
  return text === "*" ? "*" : seq === undefined ? undefined : Number(seq);
}
