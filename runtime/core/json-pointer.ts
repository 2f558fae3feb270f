const SHOWN_CHARACTERS = 80;

/** A key as a segment of a JSON pointer (RFC 6901). Pointers are only shown to people, so a long key is cut. */
export const escapePointer = (key: string): string =>
  key.slice(0, SHOWN_CHARACTERS).replaceAll("~", "~0").replaceAll("/", "~1");
