import { z } from "zod";
import { message } from "../../../runtime/core/message.ts";

const CONFIG_LENGTH_MAX = 65_536;
const Role = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[^\x00-\x1f\x7f-\x9f]*$/, "no control characters")
  .meta({ description: "of the nodes that it is for", examples: ["inference-node"] });
const Config = z
  .record(z.string(), z.json())
  .refine((value) => JSON.stringify(value).length <= CONFIG_LENGTH_MAX, `at most ${CONFIG_LENGTH_MAX} characters`)
  .meta({ description: "what nodes of the role are to go by: any JSON", examples: [{ models: ["small"] }, {}] });
const By = z.string().min(1).max(255).describe("who decides it");

export const SetProfile = message(
  "SetProfile",
  {
    role: Role,
    config: Config,
    by: By,
    timestamp: z.iso.datetime({ offset: true }).nullish(),
    correlation_id: z.guid().nullish(),
  },
  { description: "An operator says what nodes of a role are to go by." },
);
export const ProfileChanged = message(
  "ProfileChanged",
  { config: Config, by: By },
  { description: "Nodes of the role are to go by something else." },
);

/** The entity's data; times are RFC 3339. */
export const ProfileState = z.object({
  config: z.record(z.string(), z.json()).default({}),
  changed_by: z.string().nullable().default(null),
  created_at: z.iso.datetime().nullable().default(null),
  updated_at: z.iso.datetime().nullable().default(null),
});
export type ProfileState = z.infer<typeof ProfileState>;
