import type { JsonSchema } from "./payload-schema.ts";

const EXAMPLE_BY_FORMAT: Readonly<Record<string, string>> = {
  uri: "http://example.com/",
  email: "a@example.com",
  date: "2026-01-31",
  "date-time": "2026-01-31T12:00:00.000Z",
  uuid: "0198c0de-0000-4000-8000-000000000000",
};
/** Texts that a pattern may ask for, tried in order. */
export const EXAMPLE_TEXTS = ["text", "a", "1", "1.0.0", "/", ...Object.values(EXAMPLE_BY_FORMAT)];

/**
 * A value for people to look at, the same each time: what a field's own `examples` say, else the simplest. Fields that
 * may be left out stand in it when they have an example. Whether the schema takes it is the caller's to check.
 */
export function exampleOf(schema: JsonSchema): unknown {
  const declared = declaredExample(schema);
  if (declared !== undefined) return declared;
  const options = optionsOf(schema);
  if (options) return exampleOf(options.find(({ type }) => type !== "null") ?? {});
  const type = Array.isArray(schema["type"]) ? schema["type"].find((each) => each !== "null") : schema["type"];
  switch (type) {
    case "object":
      return objectExample(schema);
    case "array": {
      const item = exampleOf((schema["items"] as JsonSchema | undefined) ?? {});
      return item === undefined || item === null ? [] : [item];
    }
    case "integer":
    case "number":
      return Number(schema["minimum"] ?? 1);
    case "boolean":
      return true;
    case "string":
      return textExample(schema);
    default:
      return null;
  }
}

export const optionsOf = (schema: JsonSchema): readonly JsonSchema[] | undefined =>
  (schema["anyOf"] ?? schema["oneOf"]) as readonly JsonSchema[] | undefined;

/** The `examples` of a schema, or of its options. */
export const examplesOf = (schema: JsonSchema): readonly unknown[] =>
  (schema["examples"] as readonly unknown[] | undefined) ?? optionsOf(schema)?.flatMap(examplesOf) ?? [];

function declaredExample(schema: JsonSchema): unknown {
  const [example] = (schema["examples"] as readonly unknown[] | undefined) ?? [];
  const [member] = (schema["enum"] as readonly unknown[] | undefined) ?? [];
  return example !== undefined ? example : (schema["const"] ?? schema["default"] ?? member);
}

function objectExample({ properties = {}, required = [] }: JsonSchema): object {
  const fields = Object.entries(properties as Readonly<Record<string, JsonSchema>>);
  const shown = fields.filter(
    ([name, field]) => (required as readonly string[]).includes(name) || examplesOf(field).length > 0,
  );
  return Object.fromEntries(shown.map(([name, field]) => [name, exampleOf(field)]));
}

function textExample({ format, pattern, minLength, maxLength }: JsonSchema): string {
  const known = EXAMPLE_BY_FORMAT[String(format)];
  if (known !== undefined) return known;
  const fits = (text: string): boolean => pattern === undefined || new RegExp(String(pattern), "u").test(text);
  const found = EXAMPLE_TEXTS.find((text) => fits(text) && text.length >= Number(minLength ?? 0)) ?? "text";
  return found.slice(0, Number(maxLength ?? Infinity)).padEnd(Number(minLength ?? 0), "x");
}
