import { z } from "zod";

/** The pattern that semver.org recommends. */
const SEMVER = new RegExp(
  [
    /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)/,
    /(?:-((?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*))?/,
    /(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?$/,
  ]
    .map(({ source }) => source)
    .join(""),
);

const isVersion = (text: string): boolean => {
  const numbers = SEMVER.exec(text)?.slice(1, 4);
  return numbers !== undefined && numbers.every((digits) => Number.isSafeInteger(Number(digits)));
};

const VERSION_LENGTH_MAX = 128;
const Text = z.string().max(VERSION_LENGTH_MAX);
const VersionText = Text.meta({ pattern: SEMVER.source });
const Identifiers = z.union([Text, z.array(z.union([Text, z.int().min(0)])).max(VERSION_LENGTH_MAX)]).nullish();

const VersionParts = z.object({
  major: z.int().min(0),
  minor: z.int().min(0).nullish(),
  patch: z.int().min(0).nullish(),
  prerelease: Identifiers,
  build: Identifiers,
});
type VersionParts = z.infer<typeof VersionParts>;

/** A semantic version as text (`1.2.3-rc.1+build`), or in its parts. */
export const NodeVersion = z
  .union([VersionText, VersionParts])
  .refine((version) => {
    const text = versionText(version);
    return text.length <= VERSION_LENGTH_MAX && isVersion(text);
  }, 'a semantic version: "1.2.3" or { major, minor, patch }')
  .meta({ examples: ["1.2.3"] });

export function versionText(version: string | VersionParts): string {
  if (typeof version === "string") return version;
  const { major, minor, patch, prerelease, build } = version;
  return `${major}.${minor ?? 0}.${patch ?? 0}${suffix("-", prerelease)}${suffix("+", build)}`;
}

function suffix(mark: string, identifiers: VersionParts["build"]): string {
  const text = Array.isArray(identifiers) ? identifiers.join(".") : (identifiers ?? "");
  return text === "" ? "" : mark + text;
}
