import { z } from "zod";
import type { ColumnType } from "../../core/projection.ts";

/** A column that a shape stands for; a problem says why it stands for none. */
export type ShapeColumn =
  | { readonly name: string; readonly type: ColumnType; readonly nullable: boolean }
  | { readonly name: string; readonly problem: string };

const OTHERS =
  "a column is a text, an integer, a number, a boolean, z.iso.datetime(), a list, an object or a record, or one of " +
  "these as nullable";

/** The columns of a projection's shape, in its order. */
export const columnsOf = ({ shape }: z.ZodObject): readonly ShapeColumn[] =>
  Object.entries(shape as Readonly<Record<string, z.core.$ZodType>>).map(([name, field]) => ({
    name,
    ...columnOf(field),
  }));

function columnOf(field: z.core.$ZodType): { type: ColumnType; nullable: boolean } | { problem: string } {
  const nullable = field instanceof z.ZodNullable;
  const inner = nullable ? field.unwrap() : field;
  const type = typeOf(inner);
  return type ? { type, nullable } : { problem: problemOf(inner) };
}

/** What changes a value on its way (a default, a transform) is none: the function would not say what the row has. */
function typeOf(field: z.core.$ZodType): ColumnType | undefined {
  if (field instanceof z.ZodISODateTime) return "timestamptz";
  if (field instanceof z.ZodNumber) return field.isInt ? "bigint" : "float8";
  if (field instanceof z.ZodBoolean) return "boolean";
  if (field instanceof z.ZodArray) return isText(field.element as z.core.$ZodType) ? "text[]" : jsonOf(field);
  return isText(field) ? "text" : jsonOf(field);
}

function isText(field: z.core.$ZodType): boolean {
  const texts = (values: Iterable<unknown>): boolean => [...values].every((value) => typeof value === "string");
  if (field instanceof z.ZodEnum) return texts(field.options);
  if (field instanceof z.ZodLiteral) return texts(field.values);
  const { type, coerce } = field._zod.def as z.core.$ZodTypeDef & { readonly coerce?: boolean };
  return (type === "string" && !coerce) || type === "template_literal";
}

const JSON_TYPES = new Set(["array", "object", "record", "tuple", "unknown", "any"]);
const jsonOf = (field: z.core.$ZodType): ColumnType | undefined =>
  JSON_TYPES.has(field._zod.def.type) ? "jsonb" : undefined;

function problemOf({ _zod: { def } }: z.core.$ZodType): string {
  if (def.type === "optional") return "a column has a value or null: nullable() in the place of optional()";
  if (def.type === "date") return "a time is a text here, as in messages: z.iso.datetime() in the place of z.date()";
  return `z.${def.type}() is no column: ${OTHERS}`;
}
