/** What two programs could read as two paths: separators that are encoded, or stand twice, and steps up or nowhere. */
const AMBIGUOUS = /%2f|%5c|%2e|\/\/|\\|%(?![0-9a-f]{2})|%0[0-9a-f]|%1[0-9a-f]|%7f|[^\x21-\x7e]|\/\.{1,2}(?:\/|$)/i;

/**
 * The decoded segments of a path; it is decoded here and nowhere else. Undefined: it could be read as another path too.
 * @param target of the request, with its query
 */
export function readRequestPath(target: string): readonly string[] | undefined {
  const path = target.split(/[?#]/, 1)[0] ?? "";
  if (!path.startsWith("/") || AMBIGUOUS.test(path)) return undefined;
  try {
    return path.slice(1).split("/").map(decodeURIComponent);
  } catch {
    // Not UTF-8.
    return undefined;
  }
}
