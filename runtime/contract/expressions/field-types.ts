import { z } from "zod";

/** What a field may hold, as far as the tests of an expression care. */
export interface FieldType {
  readonly kind: "string" | "number" | "boolean" | "null" | "object" | "list" | "any";
  /** All that a string may be; undefined: any text. */
  readonly members?: readonly string[];
  /** Of a number. */
  readonly integer?: boolean;
  /** The items of a list. */
  readonly of?: readonly FieldType[];
}

export type Shape = Readonly<Record<string, z.core.$ZodType>>;

/** The types that a path ends in, or the first segment that no schema has and the names that it could have been. */
export type PathLookup =
  { readonly types: readonly FieldType[] } | { readonly missing: string; readonly candidates: readonly string[] };

/** Follows a path through an object's fields. Loose objects are held to their declared fields: a typo must not pass. */
export function typesAt(shape: Shape, path: readonly string[]): PathLookup {
  const [first = "", ...rest] = path;
  const field = Object.hasOwn(shape, first) ? shape[first] : undefined;
  return field ? typesBelow(field, rest) : { missing: first, candidates: Object.keys(shape) };
}

/** What a path leads to where several schemas may be met: one that has it is enough. */
export function mergeLookups(found: readonly PathLookup[], [first = ""]: readonly string[]): PathLookup {
  const types = found.flatMap((each) => ("types" in each ? each.types : []));
  if (types.length > 0) return { types };
  const missing = found.flatMap((each) => ("missing" in each ? [each] : []));
  const candidates = missing.flatMap((each) => each.candidates);
  return { missing: missing[0]?.missing ?? first, candidates };
}

function typesBelow(schema: z.core.$ZodType, path: readonly string[]): PathLookup {
  const options = unwrapSchema(schema);
  if (path.length === 0) return { types: options.flatMap(fieldTypes) };
  const found = options.filter((option) => !(option instanceof z.ZodNull)).map((option) => enterField(option, path));
  return mergeLookups(found, path);
}

function enterField(schema: z.core.$ZodType, path: readonly string[]): PathLookup {
  const isObject = schema instanceof z.ZodObject;
  if (isObject && Object.keys(schema.shape).length > 0) return typesAt(schema.shape, path);
  if (schema instanceof z.ZodRecord) return typesBelow(schema.valueType, path.slice(1));
  if (isObject || fieldTypes(schema).some(({ kind }) => kind === "any")) return { types: [{ kind: "any" }] };
  return { missing: path[0] ?? "", candidates: [] };
}

const WRAPPERS = new Set(["optional", "default", "prefault", "catch", "readonly", "nonoptional"]);

/** The schemas a value is held to once optional, default and union have had their say. */
function unwrapSchema(schema: z.core.$ZodType): readonly z.core.$ZodType[] {
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(unwrapSchema);
  if (schema instanceof z.ZodNullable) return [...unwrapSchema(schema.unwrap()), z.null()];
  if (schema instanceof z.ZodLazy) return unwrapSchema(schema.unwrap());
  // What stands on the far side of a pipe is what the core sees; of a preprocess that is the schema, of a transform
  // any.
  if (schema instanceof z.ZodPipe) return unwrapSchema(schema.out);
  const { type, innerType } = schema._zod.def as z.core.$ZodTypeDef & { readonly innerType?: z.core.$ZodType };
  return innerType && WRAPPERS.has(type) ? unwrapSchema(innerType) : [schema];
}

/** By what Zod calls a schema, and JavaScript a value. */
const KINDS: Readonly<Record<string, FieldType["kind"]>> = {
  string: "string",
  template_literal: "string",
  number: "number",
  int: "number",
  boolean: "boolean",
  null: "null",
  object: "object",
  record: "object",
};

function fieldTypes(schema: z.core.$ZodType): readonly FieldType[] {
  if (schema instanceof z.ZodEnum) return literalTypes(schema.options);
  if (schema instanceof z.ZodLiteral) return literalTypes([...schema.values]);
  if (schema instanceof z.ZodNumber) return [{ kind: "number", integer: schema.isInt }];
  if (schema instanceof z.ZodArray)
    return [{ kind: "list", of: unwrapSchema(schema.element as z.core.$ZodType).flatMap(fieldTypes) }];
  return [{ kind: KINDS[schema._zod.def.type] ?? "any" }];
}

function literalTypes(values: readonly unknown[]): readonly FieldType[] {
  const members = values.filter((value) => typeof value === "string");
  const others = values.filter((value) => typeof value !== "string");
  return [
    ...(members.length > 0 ? [{ kind: "string", members } as const] : []),
    ...others.map((value): FieldType => ({ kind: KINDS[value === null ? "null" : typeof value] ?? "any" })),
  ];
}
