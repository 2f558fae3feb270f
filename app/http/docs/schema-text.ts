import type { JsonSchema } from "../../../runtime/contract/documents/payload-schema.ts";

/** The schemas that a value may match, without null: see `isNullable`. */
export function alternativesOf(schema: JsonSchema): readonly JsonSchema[] {
  const options = (schema["anyOf"] ?? schema["oneOf"]) as readonly JsonSchema[] | undefined;
  return options ? options.filter(({ type }) => type !== "null").flatMap(alternativesOf) : [schema];
}

function isNullable(schema: JsonSchema): boolean {
  const { type } = schema;
  if (type === "null" || (Array.isArray(type) && type.includes("null"))) return true;
  return ((schema["anyOf"] ?? schema["oneOf"]) as readonly JsonSchema[] | undefined)?.some(isNullable) ?? false;
}

/** A schema's type in a few words: `list of text, or map of text`. */
export function typeText(schema: JsonSchema): string {
  const words = [...new Set(alternativesOf(schema).map(singleTypeText))];
  return [words.join(", or "), ...(isNullable(schema) ? ["null"] : [])].join(", or ");
}

const TYPE_NAMES: Readonly<Record<string, string>> = { string: "text", "date-time": "time", uuid: "UUID" };

function singleTypeText(schema: JsonSchema): string {
  const { type, format, items, properties, additionalProperties } = schema;
  const name = Array.isArray(type) ? type.find((each) => each !== "null") : type;
  if ("const" in schema) return JSON.stringify(schema["const"]);
  if (name === undefined) return "anything";
  if (name === "array") return `list of ${typeText((items as JsonSchema | undefined) ?? {})}`;
  if (name === "object" && properties === undefined && isSchema(additionalProperties))
    return `map of ${typeText(additionalProperties)}`;
  return TYPE_NAMES[String(format)] ?? TYPE_NAMES[String(name)] ?? String(name);
}

const isSchema = (value: unknown): value is JsonSchema => typeof value === "object" && value !== null;

/** Zod writes the safe integers as limits of every integer: those limits are not the author's. */
const isExplicitLimit = (limit: unknown): boolean =>
  limit !== undefined && Math.abs(Number(limit)) < Number.MAX_SAFE_INTEGER;

/** A schema's constraints beyond its type, as texts. */
export function constraintTexts(schema: JsonSchema): readonly string[] {
  return [...new Set(alternativesOf(schema).flatMap(singleConstraintTexts))];
}

function singleConstraintTexts(schema: JsonSchema): readonly string[] {
  const { minLength, maxLength, minimum, maximum, maxItems, maxProperties, pattern, format } = schema;
  const { enum: members, items, additionalProperties, propertyNames, default: usual } = schema;
  const inner = (value: unknown, of: string): readonly string[] =>
    isSchema(value) ? constraintTexts(value).map((words) => `${of}: ${words}`) : [];
  return [
    ...(Array.isArray(members) ? [`one of ${members.map((member) => JSON.stringify(member)).join(", ")}`] : []),
    ...(minLength !== undefined ? [`at least ${String(minLength)} characters`] : []),
    ...(maxLength !== undefined ? [`at most ${String(maxLength)} characters`] : []),
    ...(isExplicitLimit(minimum) ? [`from ${String(minimum)}`] : []),
    ...(isExplicitLimit(maximum) ? [`to ${String(maximum)}`] : []),
    ...(maxItems !== undefined ? [`at most ${String(maxItems)} items`] : []),
    ...(maxProperties !== undefined ? [`at most ${String(maxProperties)} keys`] : []),
    // A known format implies its pattern.
    ...(pattern !== undefined && format === undefined ? [patternText(String(pattern))] : []),
    ...(usual !== undefined ? [`${JSON.stringify(usual)} by default`] : []),
    ...inner(items, "each"),
    ...inner(propertyNames, "each key"),
    ...inner(additionalProperties, "each value"),
  ];
}

/** Long patterns are left to the JSON Schema. */
const patternText = (pattern: string): string =>
  pattern.length <= 40 ? `matches ${pattern}` : "matches the pattern in the JSON Schema";
