import { createHash } from "node:crypto";
import { z } from "zod";
import { Problem } from "./problem.ts";

const CHECKSUM_BYTES = 8;
const Position = z.array(z.union([z.string(), z.number()]));

/**
 * Where a list continues, opaque to its reader. The checksum makes an altered or foreign cursor an error instead of a
 * wrong page; it needs no secret, because a cursor gives access to nothing that the list does not show.
 * @param scope the list and its filters: a cursor is valid for the same ones only
 */
export function encodeCursor(scope: string, position: readonly (string | number)[]): string {
  const body = Buffer.from(JSON.stringify(position));
  return Buffer.concat([checksum(scope, body), body]).toString("base64url");
}

/** @throws Problem for a cursor that was not made by `encodeCursor` for the same scope */
export function decodeCursor(scope: string, cursor: string): readonly (string | number)[] {
  const position = parsePosition(Buffer.from(cursor, "base64url").toString("utf8", CHECKSUM_BYTES));
  if (position && encodeCursor(scope, position) === cursor) return position;
  throw foreignCursor();
}

export const foreignCursor = (): Problem =>
  new Problem("invalid-request", "the cursor is not one of this list with these filters", {
    errors: [{ parameter: "cursor", detail: "not a next_cursor of this list with these filters" }],
  });

function parsePosition(text: string): readonly (string | number)[] | undefined {
  try {
    return Position.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

const checksum = (scope: string, body: Buffer): Buffer =>
  createHash("sha256")
    .update("rollcall cursor\0")
    .update(scope)
    .update("\0")
    .update(body)
    .digest()
    .subarray(0, CHECKSUM_BYTES);

/**
 * A page of a list, and where the next one begins.
 * @param found one more than `limit`, when there are more
 * @param positionOf what the cursor behind an item holds
 */
export function pageOf<Item>(
  found: readonly Item[],
  limit: number,
  scope: string,
  positionOf: (item: Item) => readonly (string | number)[],
): { items: Item[]; next_cursor: string | null } {
  const items = found.slice(0, limit);
  const last = found.length > limit ? items.at(-1) : undefined;
  return { items, next_cursor: last ? encodeCursor(scope, positionOf(last)) : null };
}
