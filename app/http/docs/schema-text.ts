import type { JsonSchema } from "../../../runtime/contract/documents/payload-schema.ts";

/** The schemas that a value may follow; null apart, which `isNullable` tells. */
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

/** Beyond this JSON's numbers aren't exact: no limit that anybody meant. */
const isExplicitLimit = (limit: unknown): boolean =>
  limit !== undefined && Math.abs(Number(limit)) < Number.MAX_SAFE_INTEGER;

/** What a schema asks for beyond its type. */
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
    // The shape of a known format says nothing new.
    ...(pattern !== undefined && format === undefined ? [patternText(String(pattern))] : []),
    ...(usual !== undefined ? [`${JSON.stringify(usual)} if left out`] : []),
    ...inner(items, "each"),
    ...inner(propertyNames, "each key"),
    ...inner(additionalProperties, "each value"),
  ];
}

/** Long ones are for programs. */
const patternText = (pattern: string): string =>
  pattern.length <= 40 ? `as ${pattern}` : "as the JSON Schema's pattern";
