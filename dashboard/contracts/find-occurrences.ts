export interface NamedPlace {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

const PLACES_MAX = 40;
/** Letters of a name: `deadline(ack)` and `consul.register` are whole ones, `ack` within `ack_timeout` is none. */
const WORD = "A-Za-z0-9_";

/** Where the contracts name something, in their order. */
export function placesOf(
  name: string,
  files: readonly { readonly file: string; readonly text: string }[],
): readonly NamedPlace[] {
  const escaped = name.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const whole = new RegExp(`(?<![${WORD}.-])${escaped}(?![${WORD}-]|\\.[${WORD}])`);
  const places: NamedPlace[] = [];
  for (const { file, text } of files)
    for (const [index, line] of text.split("\n").entries())
      if (whole.test(line) && !line.trimStart().startsWith("#"))
        places.push({ file, line: index + 1, text: line.trim() });
  return places.slice(0, PLACES_MAX);
}
