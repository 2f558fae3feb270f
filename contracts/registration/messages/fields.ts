import { z } from "zod";
import { fromRfc3339 } from "../../../runtime/core/time.ts";

/** An id is a Kafka key and a part of a Consul service id. It has no character that a shell, a query or a URL reads. */
export const NodeId = z
  .string()
  .max(255)
  .regex(/^[A-Za-z0-9._:-]+$/, "1 to 255 of A-Z a-z 0-9 . _ : -")
  .meta({ description: "the node: the record's key", example: "payments-1" });

export const NODE_TYPES = ["effect", "compute", "reducer", "orchestrator"] as const;

// Instead of the flag `i`, because patterns of a JSON Schema have no flags.
export const caseInsensitivePattern = (word: string): string =>
  word.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);

/** Upper or lower case; the canonical form is lower case. */
export const NodeTypeInAnyCase = z
  .string()
  .regex(new RegExp(`^(?:${NODE_TYPES.map(caseInsensitivePattern).join("|")})$`), `one of ${NODE_TYPES.join(", ")}`)
  .meta({ description: `${NODE_TYPES.join(", ")}, in any case; kept in lower case`, examples: ["effect", "compute"] });

// The pattern does not check the number of days of a month.
const RFC_3339_SHAPE =
  "^[0-9]{4}-[0-9]{2}-[0-9]{2}[tT]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?" +
  "([zZ]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$";

const Timestamp = z
  .string()
  .max(64)
  .refine((text) => fromRfc3339(text) !== undefined, "an RFC 3339 time with its offset, as 2025-01-31T12:00:00Z")
  .meta({ format: "date-time", pattern: RFC_3339_SHAPE });

/** A UUID of any version and variant. The canonical form is lower case. */
export const Uuid = z.guid();

// Control characters are invisible, and escape sequences in a terminal. They are listed because not every engine for
// the patterns of JSON Schemas knows \p{Cc}.
const NO_CONTROL_CHARACTERS = /^[^\x00-\x1f\x7f-\x9f]*$/;
const LABEL_LENGTH_MAX = 255;

/** A short text for people. */
export const ShortText = z.string().max(LABEL_LENGTH_MAX).regex(NO_CONTROL_CHARACTERS, "no control characters");
/** A short text that names something. */
export const Name = z.string().min(1).max(LABEL_LENGTH_MAX).regex(NO_CONTROL_CHARACTERS, "no control characters");

/** A field that may be missing or null: many serializers write null for a missing value. */
export const optionalOrNull = <Schema extends z.ZodType>(schema: Schema) => schema.nullish();

/** Optional fields of every incoming message. */
export const CorrelationId = optionalOrNull(Uuid).describe(
  "the request that this belongs to; every event that follows from it has the same one",
);
export const SentAt = optionalOrNull(Timestamp).describe("when it happened, by the sender's clock");

/** An object with at most `max` keys. */
export const mapOf = <Schema extends z.ZodType>(value: Schema, max: number, key: z.ZodString = z.string()) =>
  z
    .record(key, value)
    .refine((map) => Object.keys(map).length <= max, `at most ${max} keys`)
    .meta({ maxProperties: max });
