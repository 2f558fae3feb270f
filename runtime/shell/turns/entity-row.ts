import type { EntityRecord } from "../../stored/entities.ts";

/** What an entity's data has as JSON, about: characters, escapes and digits left out. Nothing is kept for it. */
export const bytesOf = ({ entity }: EntityRecord): number => jsonLength(entity.data);

function jsonLength(value: unknown): number {
  if (typeof value === "string") return value.length + 2;
  if (typeof value !== "object" || value === null) return 4;
  // The brackets; each part has a comma, but for the first one.
  let length = 1;
  if (Array.isArray(value)) for (const each of value) length += jsonLength(each) + 1;
  else for (const name of Object.keys(value)) length += name.length + jsonLength(value[name as never]) + 4;
  return Math.max(2, length);
}
