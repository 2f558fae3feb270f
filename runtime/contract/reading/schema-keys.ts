import { z } from "zod";
import type { ContractPath } from "./contract-source.ts";

type Schema = z.core.$ZodType;

function unwrap(schema: Schema): Schema {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodNullable ? unwrap(schema.unwrap()) : schema;
}

/** The keys that the language knows at a path of a contract; none where it has no map. */
export function keysAt(schema: Schema, path: ContractPath): readonly string[] {
  const here = unwrap(schema);
  if (here instanceof z.ZodUnion) return (here.options as readonly Schema[]).flatMap((option) => keysAt(option, path));
  const [step, ...rest] = path;
  if (here instanceof z.ZodArray) return step === undefined ? [] : keysAt(here.element as Schema, rest);
  if (!(here instanceof z.ZodObject)) return [];
  const shape = here.shape as Readonly<Record<string, Schema>>;
  if (step === undefined) return Object.keys(shape);
  const next = Object.hasOwn(shape, step) ? shape[step] : undefined;
  return next ? keysAt(next, rest) : [];
}
