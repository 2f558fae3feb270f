import { z } from "zod";

/** What a field may hold, as far as the tests of an expression care. */
export type FieldType =
  | { readonly kind: "string"; readonly members?: readonly string[] }
  | { readonly kind: "number"; readonly integer?: boolean }
  | { readonly kind: "boolean" | "object" | "null" | "any" }
  | { readonly kind: "list"; readonly of: readonly FieldType[] };

export type Shape = Readonly<Record<string, z.core.$ZodType>>;

/** The types that a path ends in, or the first segment that no schema has and the names that it could have been. */
export type PathLookup =
  { readonly types: readonly FieldType[] } | { readonly missing: string; readonly candidates: readonly string[] };

const ANY_TYPE: PathLookup = { types: [{ kind: "any" }] };

/** Follows a path through an object's fields. Loose objects are held to their declared fields: a typo must not pass. */
export function typesAt(shape: Shape, path: readonly string[]): PathLookup {
  const [first = "", ...rest] = path;
  const field = Object.hasOwn(shape, first) ? shape[first] : undefined;
  if (!field) return { missing: first, candidates: Object.keys(shape) };
  return typesBelow(field, rest);
}

function typesBelow(schema: z.core.$ZodType, path: readonly string[]): PathLookup {
  const options = unwrapSchema(schema);
  if (path.length === 0) return { types: options.flatMap(fieldTypes) };
  const found = options.filter((option) => !(option instanceof z.ZodNull)).map((option) => enterField(option, path));
  const types = found.flatMap((each) => ("types" in each ? each.types : []));
  if (types.length > 0) return { types };
  const missing = found.flatMap((each) => ("missing" in each ? [each] : []));
  const candidates = missing.flatMap((each) => each.candidates);
  return { missing: missing[0]?.missing ?? path[0] ?? "", candidates };
}

function enterField(schema: z.core.$ZodType, path: readonly string[]): PathLookup {
  const [first = "", ...rest] = path;
  if (schema instanceof z.ZodObject) {
    const shape: Shape = schema.shape;
    return Object.keys(shape).length > 0 ? typesAt(shape, path) : ANY_TYPE;
  }
  if (schema instanceof z.ZodRecord) return typesBelow(schema.valueType, rest);
  if (isAny(schema)) return ANY_TYPE;
  return { missing: first, candidates: [] };
}

/** The schemas a value is held to once optional, default and union have had their say. */
export function unwrapSchema(schema: z.core.$ZodType): readonly z.core.$ZodType[] {
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(unwrapSchema);
  if (schema instanceof z.ZodNullable) return [...unwrapSchema(schema.unwrap()), z.null()];
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodCatch ||
    schema instanceof z.ZodReadonly ||
    schema instanceof z.ZodNonOptional
  )
    return unwrapSchema(schema.unwrap());
  if (schema instanceof z.ZodLazy) return unwrapSchema(schema.unwrap());
  // What stands on the far side of a pipe is what the core sees; of a preprocess that is the schema, of a transform
  // any.
  if (schema instanceof z.ZodPipe) return unwrapSchema(schema.out);
  return [schema];
}

const isAny = (schema: z.core.$ZodType): boolean => fieldTypes(schema).some(({ kind }) => kind === "any");

function fieldTypes(schema: z.core.$ZodType): readonly FieldType[] {
  if (schema instanceof z.ZodEnum) return literalTypes(schema.options);
  if (schema instanceof z.ZodLiteral) return literalTypes([...schema.values]);
  switch (schema._zod.def.type) {
    case "string":
    case "template_literal":
      return [{ kind: "string" }];
    case "number":
    case "int":
      return [{ kind: "number", integer: schema instanceof z.ZodNumber && schema.isInt }];
    case "boolean":
      return [{ kind: "boolean" }];
    case "null":
      return [{ kind: "null" }];
    case "array":
      return schema instanceof z.ZodArray
        ? [{ kind: "list", of: unwrapSchema(schema.element as z.core.$ZodType).flatMap(fieldTypes) }]
        : [];
    case "object":
    case "record":
      return [{ kind: "object" }];
    default:
      return [{ kind: "any" }];
  }
}

function literalTypes(values: readonly unknown[]): readonly FieldType[] {
  const members = values.filter((value) => typeof value === "string");
  const others = values.filter((value) => typeof value !== "string");
  return [
    ...(members.length > 0 ? [{ kind: "string", members } as const] : []),
    ...others.map((value): FieldType => {
      if (value === null) return { kind: "null" };
      return typeof value === "number"
        ? { kind: "number" }
        : typeof value === "boolean"
          ? { kind: "boolean" }
          : { kind: "any" };
    }),
  ];
}
