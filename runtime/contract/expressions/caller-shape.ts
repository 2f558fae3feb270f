import { z } from "zod";
import type { Caller } from "../../core/door.ts";

/** What a path behind `caller.` may lead to. */
export const CALLER_SHAPE = {
  id: z.string(),
  roles: z.array(z.string()),
  permissions: z.array(z.string()),
  privileged: z.boolean(),
} satisfies Readonly<Record<keyof Caller, z.ZodType>>;
