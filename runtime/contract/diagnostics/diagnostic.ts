import { z } from "zod";
import { NO_ENTITY } from "../../core/domain.ts";

/** A place in a contract file; line and column count from 1. */
const position = { file: z.string(), line: z.int(), column: z.int() };
export type SourcePosition = Readonly<z.infer<z.ZodObject<typeof position>>>;

/** One message, what came of it, and how it left the entity. */
const TimelineStep = z.object({
  atMs: z.number().describe("event time since the beginning; negative for a message that was delayed"),
  message: z.string(),
  orchestrator: z.string(),
  reducer: z.string(),
  events: z.array(z.string()),
  intents: z.array(z.string()),
  reason: z.string(),
});
export type TimelineStep = Readonly<z.infer<typeof TimelineStep>>;

/** One problem of a contract, as the reference's table of diagnostics names it. */
export const Diagnostic = z.object({
  ...position,
  code: z.string().describe("RC001 to RC403"),
  severity: z.enum(["error", "warning"]),
  message: z.string(),
  excerpt: z.string().describe("the line's text"),
  width: z.int().describe("how many columns of the line the problem covers, at least 1"),
  suggestion: z.string().optional().describe("the name that was probably meant"),
  remedy: z.string().optional().describe("what to do about it"),
  related: z
    .array(z.object({ ...position, message: z.string() }))
    .optional()
    .describe("where the other half is declared"),
  timeline: z.array(TimelineStep).optional().describe("the shortest way to where it shows (RC206)"),
});
export type Diagnostic = Readonly<z.infer<typeof Diagnostic>>;

/** An error of a file or folder as a whole. */
export const fileDiagnostic = (code: string, file: string, message: string): Diagnostic => ({
  ...{ file, line: 1, column: 1, width: 1, excerpt: "", code, severity: "error", message },
});

/** `A`, `A and B`, `A, B and C`. */
export const joinWithAnd = (names: readonly string[]): string =>
  names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}`;

/** A state as contracts write it: the orchestrator's state before there is an entity is `null`. */
export const stateLabel = (state: string): string => (state === NO_ENTITY ? "null" : state);
