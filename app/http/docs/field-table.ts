import type { JsonSchema } from "../../../runtime/contract/documents/payload-schema.ts";
import { type Content, html, type Html, table } from "./document.ts";

/** Fields nested deeper are left out, for readability. */
const DEPTH_MAX = 4;

interface Field {
  readonly path: string;
  readonly schema: JsonSchema;
  readonly required: boolean;
}

/** The fields of an object and of the objects in it: `node.capabilities`, `failed_backends[].backend`. */
function fieldsOf(schema: JsonSchema, path = "", depth = 0): readonly Field[] {
  if (depth >= DEPTH_MAX) return [];
  return alternativesOf(schema).flatMap(({ properties, required, items }) => [
    ...(items === undefined || path === "" ? [] : fieldsOf(items as JsonSchema, `${path}[]`, depth + 1)),
    ...Object.entries((properties ?? {}) as Readonly<Record<string, JsonSchema>>).flatMap(([name, field]) => {
      const own = path === "" ? name : `${path}.${name}`;
      const isRequired = ((required ?? []) as readonly string[]).includes(name);
      return [{ path: own, schema: field, required: isRequired }, ...fieldsOf(field, own, depth + 1)];
    }),
  ]);
}

/** @param label what a screen reader calls the table */
export function fieldTable(label: string, schema: JsonSchema): Html {
  const fields = fieldsOf(schema);
  if (fields.length === 0) return html`<p>${typeText(schema)}</p>`;
  return table(label, ["field", ...FIELD_COLUMNS], fields.map(fieldCells));
}

/** Of the cells behind the field's name. */
export const FIELD_COLUMNS = ["type", "required", "constraints", "description"] as const;

export function fieldCells({ path, schema, required }: Field): readonly Content[] {
  const constraints = [...new Set(constraintTexts(schema))].map((each) => html`<li>${each}</li>`);
  return [
    html`<code>${path}</code>`,
    typeText(schema),
    required ? "required" : "optional",
    constraints.length > 0 && html`<ul>${constraints}</ul>`,
    String(schema["description"] ?? ""),
  ];
}

/** The schemas that a value may match, each of one type; the one for null is the last. */
function alternativesOf(schema: JsonSchema): readonly JsonSchema[] {
  const { type, anyOf, oneOf = anyOf } = schema;
  if (Array.isArray(type)) return type.map((each) => ({ ...schema, type: each as unknown }));
  return Array.isArray(oneOf) ? (oneOf as readonly JsonSchema[]).flatMap(alternativesOf) : [schema];
}

/** A schema's type in a few words: `list of text, or map of text`. */
const typeText = (schema: JsonSchema): string => [...new Set(alternativesOf(schema).map(singleTypeText))].join(", or ");

const TYPE_NAMES: Readonly<Record<string, string>> = { string: "text", "date-time": "time", uuid: "UUID" };

function singleTypeText(schema: JsonSchema): string {
  const { type, format, items, properties, additionalProperties } = schema;
  if ("const" in schema) return JSON.stringify(schema["const"]);
  if (type === undefined) return "anything";
  if (type === "null") return "null";
  if (type === "array") return `list of ${typeText((items as JsonSchema | undefined) ?? {})}`;
  if (type === "object" && properties === undefined && isSchema(additionalProperties))
    return `map of ${typeText(additionalProperties)}`;
  return TYPE_NAMES[String(format)] ?? TYPE_NAMES[String(type)] ?? String(type);
}

const isSchema = (value: unknown): value is JsonSchema => typeof value === "object" && value !== null;

/** A schema's constraints beyond its type, by the keyword; in this order. */
const CONSTRAINTS: Readonly<Record<string, (value: unknown, schema: JsonSchema) => string | readonly string[]>> = {
  enum: (members) => `one of ${(members as readonly unknown[]).map((member) => JSON.stringify(member)).join(", ")}`,
  minLength: (length) => `at least ${String(length)} characters`,
  maxLength: (length) => `at most ${String(length)} characters`,
  minimum: (limit) => (isExplicitLimit(limit) ? `from ${String(limit)}` : []),
  maximum: (limit) => (isExplicitLimit(limit) ? `to ${String(limit)}` : []),
  maxItems: (count) => `at most ${String(count)} items`,
  maxProperties: (count) => `at most ${String(count)} keys`,
  // A known format implies its pattern.
  pattern: (pattern, { format }) => (format === undefined ? patternText(String(pattern)) : []),
  default: (value) => `${JSON.stringify(value)} by default`,
  items: (schema) => innerTexts("each", schema),
  propertyNames: (schema) => innerTexts("each key", schema),
  additionalProperties: (schema) => innerTexts("each value", schema),
};

const constraintTexts = (schema: JsonSchema): readonly string[] =>
  alternativesOf(schema).flatMap((alternative) =>
    Object.entries(CONSTRAINTS).flatMap(([keyword, textsOf]) =>
      alternative[keyword] === undefined ? [] : textsOf(alternative[keyword], alternative),
    ),
  );

const innerTexts = (of: string, schema: unknown): readonly string[] =>
  isSchema(schema) ? constraintTexts(schema).map((text) => `${of}: ${text}`) : [];

/** Zod writes the safe integers as limits of every integer: those limits are not the author's. */
const isExplicitLimit = (limit: unknown): boolean => Math.abs(Number(limit)) < Number.MAX_SAFE_INTEGER;

/** Long patterns are left to the JSON Schema. */
const patternText = (pattern: string): string =>
  pattern.length <= 40 ? `matches ${pattern}` : "matches the pattern in the JSON Schema";
