import { z } from "zod";

/** An id is a Kafka key and a part of a path. It has no character that a shell, a query or a URL reads. */
export const NodeId = z
  .string()
  .max(255)
  .regex(/^[A-Za-z0-9._:-]+$/, "1 to 255 of A-Z a-z 0-9 . _ : -")
  .meta({ description: "the node; left out: derived from hostname and role", example: "node-2" });

// Control characters are invisible, and escape sequences in a terminal.
const NO_CONTROL_CHARACTERS = /^[^\x00-\x1f\x7f-\x9f]*$/;
const text = (min: number, max: number) =>
  z.string().min(min).max(max).regex(NO_CONTROL_CHARACTERS, "no control characters");

export const Hostname = text(1, 255).meta({ description: "the machine's name", examples: ["gpu-1"] });
export const Role = text(1, 100).meta({ description: "what the node is for", examples: ["inference-node"] });
export const Labels = z
  .array(text(1, 255))
  .max(64)
  .meta({ description: "what it can be found by, at most 64", example: ["gpu"] });
export const Ip = z.union([z.ipv4(), z.ipv6()]).meta({ description: "its address, IPv4 or IPv6", example: "10.0.0.7" });
/** Who did something, and why: for people. */
export const Who = text(1, 255);
export const Why = text(1, 500);

const METADATA_LENGTH_MAX = 16_384;
/** Any JSON. */
export const Metadata = z
  .record(z.string(), z.json())
  .refine((value) => JSON.stringify(value).length <= METADATA_LENGTH_MAX, `at most ${METADATA_LENGTH_MAX} characters`)
  .meta({ description: "whatever else is to be known of it", example: { zone: "a" } });

/** What a node may say of itself. Lower case in the canonical form. */
const SAID_STATUSES = ["online", "offline", "maintenance", "draining"] as const;
const anyCase = (word: string): string => word.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
export const SaidStatus = z
  .string()
  // Instead of the flag `i`, because patterns of a JSON Schema have no flags.
  .regex(new RegExp(`^(?:${SAID_STATUSES.map(anyCase).join("|")})$`), `one of ${SAID_STATUSES.join(", ")}`)
  .meta({
    description: `${SAID_STATUSES.join(", ")}; left out: online`,
    examples: ["online", "offline", "maintenance"],
  });

/** Why a node that may be alive gets no work. */
export const OutOfService = z.enum(["maintenance", "draining"]);
export type OutOfService = z.infer<typeof OutOfService>;

/** When it was sent, by the sender's clock. */
export const SentAt = z.iso.datetime({ offset: true }).nullish();
export const CorrelationId = z.guid().nullish();
