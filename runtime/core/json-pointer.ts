const SHOWN_CHARACTERS = 80;

/** A key as a part of a JSON pointer (RFC 6901); a long one is cut, since pointers are for people here. */
export const escapePointer = (key: string): string =>
  key.slice(0, SHOWN_CHARACTERS).replaceAll("~", "~0").replaceAll("/", "~1");
