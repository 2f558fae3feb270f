import type { Entity } from "../../core/entity.ts";
import type { EntityRecord } from "../../stored/entities.ts";

const bytesOfData = new WeakMap<object, number>();

/** The data as it is stored. */
export function dataText({ data }: Entity): string {
  const text = JSON.stringify(data);
  if (typeof data === "object" && data !== null) bytesOfData.set(data, text.length);
  return text;
}

/** What an entity's data has as JSON, about: those whose data was written or asked for before are not written again. */
export const bytesOf = ({ entity }: EntityRecord): number =>
  bytesOfData.get(entity.data as object) ?? dataText(entity).length;
