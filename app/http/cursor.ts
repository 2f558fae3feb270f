import { createHash } from "node:crypto";
import { Problem } from "./problem.ts";

const CHECK_BYTES = 8;

/**
 * Where a list goes on, opaque to its reader. The check makes an altered or foreign one an error instead of a wrong
 * page; it is no secret, because a cursor opens nothing that the list would not show.
 * @param scope the list and its filters: a cursor is good for the same ones only
 */
export function encodeCursor(scope: string, place: readonly (string | number)[]): string {
  const body = Buffer.from(JSON.stringify(place));
  return Buffer.concat([check(scope, body), body]).toString("base64url");
}

/** @throws Problem for a cursor that was not made by `encodeCursor` for the same scope */
export function decodeCursor(scope: string, cursor: string): readonly (string | number)[] {
  const bytes = Buffer.from(cursor, "base64url");
  const body = bytes.subarray(CHECK_BYTES);
  if (bytes.toString("base64url") !== cursor || !check(scope, body).equals(bytes.subarray(0, CHECK_BYTES)))
    throw new Problem("invalid-request", "the cursor is not one of this list with these filters", {
      errors: [{ parameter: "cursor", detail: "not a next_cursor of this list with these filters" }],
    });
  return JSON.parse(body.toString("utf8")) as readonly (string | number)[];
}

const check = (scope: string, body: Buffer): Buffer =>
  createHash("sha256").update("rollcall cursor\0").update(scope).update("\0").update(body).digest().subarray(0, CHECK_BYTES); // prettier-ignore
