import { z } from "zod";
import { type Trouble, TROUBLE_CODES } from "../../host/troubles/trouble.ts";

export const TroubleView = z.object({
  code: z.enum([...TROUBLE_CODES.process, ...TROUBLE_CODES.domain]),
  domain: z.string().nullable().describe("null: the whole process has it"),
  subject: z.string().nullable().describe("what of the domain: a backend, or a state"),
  partitions: z.array(z.int()).describe("those that have it; empty: it is not one of single partitions"),
  since: z.iso.datetime(),
  title: z.string(),
  detail: z.string(),
  remedy: z.string().describe("what to do, with the command if there is one"),
  blocks: z.enum(["process", "domain", "nothing"]).describe("what is not ready because of it"),
});
export type TroubleView = z.infer<typeof TroubleView>;

export const troubleView = ({ sinceMs, partitions, ...trouble }: Trouble): TroubleView => ({
  ...trouble,
  partitions: [...partitions],
  since: new Date(sinceMs).toISOString(),
});
