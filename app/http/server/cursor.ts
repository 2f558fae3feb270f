import { createHash } from "node:crypto";
import { z } from "zod";
import { Problem } from "./problem.ts";

const CHECKSUM_BYTES = 8;
const Position = z.array(z.union([z.string(), z.number()]));

/**
 * Where a list goes on, opaque to its reader. The check makes an altered or foreign one an error instead of a wrong
 * page; it is no secret, because a cursor opens nothing that the list would not show.
 * @param scope the list and its filters: a cursor is good for the same ones only
 */
export function encodeCursor(scope: string, position: readonly (string | number)[]): string {
  const body = Buffer.from(JSON.stringify(position));
  return Buffer.concat([checksum(scope, body), body]).toString("base64url");
}

/** @throws Problem for a cursor that was not made by `encodeCursor` for the same scope */
export function decodeCursor(scope: string, cursor: string): readonly (string | number)[] {
  const bytes = Buffer.from(cursor, "base64url");
  const body = bytes.subarray(CHECKSUM_BYTES);
  const isChecked =
    bytes.toString("base64url") === cursor && checksum(scope, body).equals(bytes.subarray(0, CHECKSUM_BYTES));
  const position = isChecked ? parsePosition(body.toString("utf8")) : undefined;
  if (position) return position;
  throw new Problem("invalid-request", "the cursor is not one of this list with these filters", {
    errors: [{ parameter: "cursor", detail: "not a next_cursor of this list with these filters" }],
  });
}

/** Whoever knows how the check is made can make one of anything. */
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
