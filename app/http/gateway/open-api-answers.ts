import { z } from "zod";
import { shapeSchema } from "../../../runtime/contract/documents/payload-schema.ts";
import type { Domain } from "../../../runtime/core/domain.ts";
import type { CallSpec, ListCall } from "../../../runtime/core/gateway.ts";
import type { ColumnSpec, ProjectionSpec } from "../../../runtime/core/projection.ts";

type Doc = Readonly<Record<string, unknown>>;

/** Puts the schema of a shape into a document; undefined: the shape is not told, so it may be anything. */
export type Describe = (shape: z.ZodType | undefined) => Doc;

/**
 * In OpenAPI a reference begins at the document, so what schemas refer to goes there.
 * @param shared of the document, by name
 * @param call whose shapes they are: others may have the same names
 */
export function describing(shared: Record<string, unknown>, { operation }: Pick<CallSpec, "operation">): Describe {
  let shapes = 0;
  return (shape) => (shape ? liftDefinitions(shapeSchema(shape), `${operation}.${++shapes}`, shared) : {});
}

/** The schema without definitions of its own. */
export function liftDefinitions(schema: Doc, prefix: string, shared: Record<string, unknown>): Doc {
  const text = JSON.stringify(schema).replaceAll('"$ref":"#/$defs/', `"$ref":"#/components/schemas/${prefix}.`);
  const { $defs = {}, ...own } = JSON.parse(text) as Doc & { readonly $defs?: Doc };
  for (const [name, definition] of Object.entries($defs)) shared[`${prefix}.${name}`] = definition;
  return own;
}

/** Of a command that is answered before it is decided. */
export const Accepted = z.object({ message_id: z.string(), entity_id: z.string() });

/** What a list answers, as far as the contract's functions tell it; without any the rows are the projection's. */
export function shapeOfList({ projection, view, shape }: ListCall, { projections }: Domain): z.ZodType | undefined {
  const spec = projections.find(({ name }) => name === projection);
  const row = view ? view.answers : spec && shapeOfRow(spec);
  const rows = z.array(row ?? z.unknown());
  return shape ? shape.answers?.(rows) : rows;
}

const time = z.iso.datetime();
const SHAPES: Readonly<Record<ColumnSpec["type"], z.ZodType>> = {
  ...{ text: z.string(), bigint: z.int(), float8: z.number(), boolean: z.boolean(), timestamptz: time },
  ...{ jsonb: z.unknown(), "text[]": z.array(z.string()) },
};

/** A row as a list reads it. */
function shapeOfRow({ columns, live, parser }: ProjectionSpec): z.ZodType {
  const declared = parser instanceof z.ZodObject ? (parser.shape as Readonly<Record<string, z.ZodType>>) : {};
  const fields = columns.map(({ name, type, nullable }) => {
    const shape = type === "jsonb" ? (declared[name] ?? SHAPES.jsonb) : SHAPES[type];
    return [name, nullable ? shape.nullable() : shape] as const;
  });
  return z.object({
    ...Object.fromEntries(fields),
    ...Object.fromEntries(live.map(({ name }) => [name, time.nullable()])),
  });
}
