import { z } from "zod";

const PORT = String.raw`(?::[1-9]\d{0,4})?`;

/** Where the node is asked. An id is a Kafka key too, so it has no character that a shell or a query reads. */
export const NodeName = z
  .string()
  .max(255)
  .regex(
    new RegExp(String.raw`^(?:[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?|\[[0-9A-Fa-f:.]+\])${PORT}$`),
    "host or host:port",
  )
  .meta({ description: "the node's name: its host, with the port if it is not 80", example: "flows.example.com" });

// Control characters are invisible, and escape sequences in a terminal.
const text = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[^\x00-\x1f\x7f-\x9f]*$/, "no control characters");
/** Who did something, and why: for people. */
export const Who = text(255);
export const Why = text(500);

/** The most flows that a node may offer, taken or not. */
export const FLOWS_MAX = 5_000;

/** What a node tells of itself, as JSON. */
export const STATE_BYTES_MAX = 16_384;
export const Told = z.record(z.string(), z.json());
export type Told = z.infer<typeof Told>;
