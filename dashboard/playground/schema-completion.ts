import type { YamlCursor } from "./yaml-cursor.ts";

/** The part of JSON Schema that the contracts' schema uses. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly type?: string | readonly string[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly if?: JsonSchema;
  readonly then?: JsonSchema;
  readonly definitions?: Readonly<Record<string, JsonSchema>>;
}
export interface SchemaSuggestion {
  readonly word: string;
  readonly kind: "key" | "value";
  readonly description: string;
}

/** The keys and values that the schema allows at the cursor. */
export function suggestionsAt(root: JsonSchema, text: string, { path, key }: YamlCursor): readonly SchemaSuggestion[] {
  const candidates = schemasAt(root, text, path);
  if (key !== undefined) return candidates.flatMap((schema) => valueSuggestions(root, schema.properties?.[key]));
  const keys = candidates.flatMap(({ properties = {} }) => Object.entries(properties));
  const keySuggestions = keys.map(([word, { description = "" }]) => ({ word, kind: "key" as const, description }));
  return withoutDuplicates([...keySuggestions, ...candidates.flatMap((schema) => valueSuggestions(root, schema))]);
}

/** The schema's description of a key; undefined where it has none. */
export const descriptionOf = (root: JsonSchema, text: string, { path }: YamlCursor, key: string): string | undefined =>
  schemasAt(root, text, path).find(({ properties }) => properties?.[key]?.description !== undefined)?.properties?.[key]
    ?.description;

/** Every schema that may apply at a path: of alternatives, all. */
function schemasAt(root: JsonSchema, text: string, path: readonly string[]): readonly JsonSchema[] {
  let schemas = expandAlternatives(root, schemaForNodeType(root, text));
  for (const part of path)
    schemas = schemas.flatMap((schema) => {
      const inner = part === "[]" ? schema.items : (schema.properties?.[part] ?? asSchema(schema.additionalProperties));
      return inner ? expandAlternatives(root, inner) : [];
    });
  return schemas;
}

const asSchema = (value: boolean | JsonSchema | undefined): JsonSchema | undefined =>
  typeof value === "object" ? value : undefined;

/** The schema for the contract's `node_type`; without one, for any contract. */
function schemaForNodeType(root: JsonSchema, text: string): JsonSchema {
  const type = /^node_type:\s*"?(\w+)/m.exec(text)?.[1];
  const then = root.allOf?.find((each) => each.if?.properties?.["node_type"]?.enum?.includes(type))?.then;
  return then ?? { ...root, allOf: [] };
}

function expandAlternatives(root: JsonSchema, schema: JsonSchema): readonly JsonSchema[] {
  const name = schema.$ref?.split("/").pop();
  const own = name === undefined ? schema : (root.definitions?.[name] ?? {});
  const others = [...(own.anyOf ?? []), ...(own.oneOf ?? []), ...(own.allOf ?? [])];
  return [own, ...others.flatMap((each) => expandAlternatives(root, each))];
}

function valueSuggestions(root: JsonSchema, schema: JsonSchema | undefined): readonly SchemaSuggestion[] {
  if (!schema) return [];
  const values = expandAlternatives(root, schema).flatMap((each) => [
    ...(each.enum ?? []),
    ...(each.const === undefined ? [] : [each.const]),
    ...(each.type === "boolean" ? [true, false] : []),
  ]);
  return withoutDuplicates(values.map((value) => ({ word: String(value), kind: "value" as const, description: "" })));
}

const withoutDuplicates = (words: readonly SchemaSuggestion[]): readonly SchemaSuggestion[] => [
  ...new Map(words.map((each) => [`${each.kind} ${each.word}`, each])).values(),
];
