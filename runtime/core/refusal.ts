import type { Payload } from "./message.ts";

/** What kind of answer a refusal is. A gateway makes a status of it, such as 403 of `forbidden`. */
export const REFUSAL_KINDS = [
  "invalid",
  "forbidden",
  "not_found",
  "conflict",
  "gone",
  "precondition",
  "too_many",
  "unavailable",
] as const;
export type RefusalKind = (typeof REFUSAL_KINDS)[number];

/** An answer of a contract to a message that it does not take. */
export interface Refusal {
  readonly kind: RefusalKind;
  /** For people. */
  readonly message: string;
}

/** The runtime's own refusals: no contract lists one that is called so. */
export const BUILT_IN_REFUSALS = {
  /** The entity has come to its end, under the lifecycle `once`. */
  ENDED: "conflict",
  /** The contract reads who sent the message, and it did not come through a gateway. */
  DOOR_REQUIRED: "forbidden",
  /** The entity is no longer as the sender has seen it. */
  SEQ_CHANGED: "precondition",
} as const satisfies Readonly<Record<string, RefusalKind>>;

/** @param refusals the contract's own; a code of neither is called a conflict */
export const kindOfRefusal = (refusals: ReadonlyMap<string, Refusal>, code: string): RefusalKind =>
  refusals.get(code)?.kind ?? new Map<string, RefusalKind>(Object.entries(BUILT_IN_REFUSALS)).get(code) ?? "conflict";

/** Of the JSON of a refusal's details. */
const DETAILS_BYTES_MAX = 4_096;

/** @returns the details as the journal has them. @throws Error unless they are a JSON object of at most 4 KiB */
export function checkedDetails(code: string, details: unknown): Payload {
  if (typeof details !== "object" || details === null || Array.isArray(details))
    throw new Error(`the details of ${code} are no object`);
  const text = JSON.stringify(details);
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > DETAILS_BYTES_MAX)
    throw new Error(`the details of ${code} have ${bytes} bytes, at most ${DETAILS_BYTES_MAX} are taken`);
  return JSON.parse(text) as Payload;
}
