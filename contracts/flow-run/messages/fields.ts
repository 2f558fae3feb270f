import { z } from "zod";

// The store takes neither NUL nor half a surrogate pair.
const UNSTORABLE = /[\0\p{Surrogate}]/u;

export const Fid = z
  .string()
  .max(255)
  .regex(/^[A-Za-z0-9._:-]+$/, "1 to 255 of A-Z a-z 0-9 . _ : -")
  .meta({ description: "the run", example: "0198c3f2-5d1e-7c2a-9b61-3f0c7d2e4a10" });

/** Which question of a run an answer is for. */
export const Lid = z
  .string()
  .regex(/^[A-Za-z0-9._:-]{1,100}$/, "1 to 100 of A-Z a-z 0-9 . _ : -")
  .meta({ description: "the lock", examples: ["approve", "review"] });

const isStorable = (value: unknown): boolean => {
  if (typeof value === "string") return !UNSTORABLE.test(value);
  if (typeof value !== "object" || value === null) return true;
  return Object.entries(value).every(([key, inner]) => !UNSTORABLE.test(key) && isStorable(inner));
};

/** @param length of its text, at most */
const bounded = <Schema extends z.ZodType>(schema: Schema, length: number, what: string) =>
  schema
    .refine((value) => JSON.stringify(value).length <= length, `at most ${length} characters of JSON`)
    .refine(isStorable, "characters that are no text")
    .describe(what);

export const Inputs = bounded(z.record(z.string(), z.json()), 65_536, "what the flow works on");
export const Result = bounded(z.json(), 65_536, "what the run has led to");
export const Progress = bounded(z.json(), 4_096, "how far it is, as the flow says it");
export const Question = bounded(z.json(), 8_192, "what the flow asks");
export const Answer = bounded(z.json(), 16_384, "what is answered");

export const Path = z.string().min(1).max(500).describe("the flow's path at this node");
export const Name = z.string().min(1).max(500).describe("the flow's name");
/** For people. */
export const Who = z.string().min(1).max(255);
export const Time = z.iso.datetime({ offset: true });
/** Rises with each report of a run. */
export const Nth = z
  .int()
  .min(1)
  .meta({ examples: [1, 2, 3] });

export const RunError = z.object({
  code: z.string().max(64).describe("killed, timeout, lock_expired, lost, exit, or the flow's own"),
  message: z.string().max(4_000),
});
export type RunError = z.infer<typeof RunError>;
