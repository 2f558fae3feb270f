import { z } from "zod";

// The store takes neither NUL nor half a surrogate pair.
const UNSTORABLE = /[\0\p{Surrogate}]/u;

const text = (maxLength: number, description: string) =>
  z
    .string()
    .max(maxLength, `at most ${maxLength} characters`)
    .refine((value) => value.trim() !== "", "empty")
    .refine((value) => !UNSTORABLE.test(value), "characters that are no text")
    .describe(description);

/** What a node offers to run. All eight fields are there and not empty; what is sent beside them is not kept. */
export const Flow = z.object({
  path: text(500, "unique at its node"),
  name: text(500, "for people; it may change"),
  source: text(2_000, "what it is made of: a file, an expression"),
  description: text(10_000, "what it does"),
  author: text(500, "who wrote it"),
  organization: text(500, "whose it is"),
  published: text(100, "when it was published, as the node writes times"),
  release: text(100, "its version"),
});
export type Flow = z.infer<typeof Flow>;

/** A flow that is not listed. */
export const RejectedFlow = z.object({
  index: z.int().min(0).describe("in the list as it was sent, from 0"),
  path: z.string().nullable().describe("null: none that can be read"),
  reason: z.string(),
});
export type RejectedFlow = z.infer<typeof RejectedFlow>;

export interface AcceptedFlows {
  /** In the order in which they were sent. */
  readonly flows: readonly Flow[];
  readonly rejected: readonly RejectedFlow[];
}

/** Each flow for itself: what is wrong with one is no fault of the others. Of those with one path the first counts. */
export function acceptFlows(list: readonly unknown[]): AcceptedFlows {
  const indexByPath = new Map<string, number>();
  const flows: Flow[] = [];
  const rejected: RejectedFlow[] = [];
  for (const [index, sent] of list.entries()) {
    const { data: flow, error } = Flow.safeParse(sent);
    const earlier = flow && indexByPath.get(flow.path);
    if (flow && earlier === undefined) {
      indexByPath.set(flow.path, index);
      flows.push(flow);
    } else {
      const reason = error ? reasonOf(error) : `its path is that of flow ${earlier}, which counts`;
      rejected.push({ index, path: readablePath(sent), reason });
    }
  }
  return { flows, rejected };
}

const PATH_LENGTH_MAX = 500;

function readablePath(sent: unknown): string | null {
  const path: unknown = sent !== null && typeof sent === "object" && "path" in sent ? sent.path : undefined;
  return typeof path === "string" && path !== ""
    ? path.replaceAll(/[\0\p{Surrogate}]/gu, "�").slice(0, PATH_LENGTH_MAX)
    : null;
}

/** All of it at once, a field each: `author: empty, release: missing`. */
function reasonOf({ issues }: z.ZodError): string {
  const reasons = new Map<string, string>();
  for (const issue of issues) {
    const field = issue.path.join(".");
    if (!reasons.has(field)) reasons.set(field, wordOf(issue));
  }
  return [...reasons].map(([field, word]) => (field === "" ? word : `${field}: ${word}`)).join(", ");
}

function wordOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== "invalid_type") return issue.message;
  if (issue.path.length === 0) return "no object";
  return issue.message.endsWith("undefined") ? "missing" : "no text";
}
