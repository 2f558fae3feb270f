import { z } from "zod";
import { Flow } from "../../../../contracts/flow-node/messages/flow.ts";

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const durationUpTo = (days: number) =>
  z
    .string()
    .regex(/^[1-9]\d{0,6}[smhd]$/, "a number and s, m, h or d: 30s, 1h")
    .transform((text) => Number(text.slice(0, -1)) * UNITS[text.slice(-1) as keyof typeof UNITS])
    .refine((ms) => ms <= days * UNITS.d, `${days}d at most`);

const HttpUrl = z.url({ protocol: /^https?$/, error: "a URL with http or https: http://127.0.0.1:9000/flow" });
const text = z
  .string()
  .min(1, "empty")
  .refine((value) => !value.includes("\0"), "a NUL character");

/** A user of this machine, by name or by numbers. */
const RunAs = z.union(
  [z.string().regex(/^[a-z_][a-z0-9_.-]{0,31}$/i), z.strictObject({ uid: z.int().min(1), gid: z.int().min(1) })],
  { error: "a user's name, or { uid, gid } from 1 on" },
);
export type RunAs = z.infer<typeof RunAs>;

const MEANS = ["run", "http", "call"] as const;

export const ScopeFlow = z
  .strictObject({
    ...Flow.shape,
    run: z.array(text).min(1, "the program is missing").max(100).optional(),
    http: HttpUrl.optional(),
    call: z.string().min(1).max(200).optional(),
    timeout: durationUpTo(7).optional(),
    env: z
      .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "a variable's name"), text)
      .refine((env) => !("ROLLCALL_RUN" in env), "ROLLCALL_RUN is the runner's own: give it another name")
      .optional(),
    inputs: z.record(z.string(), z.json()).optional(),
    run_as: RunAs.optional(),
  })
  .refine((flow) => MEANS.filter((means) => flow[means] !== undefined).length <= 1, {
    error: "it has several of run, http and call: keep one",
  })
  .refine((flow) => flow.run !== undefined || (flow.env === undefined && flow.run_as === undefined), {
    error: "env and run_as go with run alone: take them out",
  });
export type ScopeFlow = z.infer<typeof ScopeFlow>;

const NodeName = z
  .string()
  .regex(/^[A-Za-z0-9.-]{1,253}(?::\d{1,5})?$|^\[[0-9a-fA-F:.]+\](?::\d{1,5})?$/, "a host and, if need be, :port");

const Registry = z.union([
  HttpUrl.transform((url) => ({ url, token_file: undefined })),
  z.strictObject({ url: HttpUrl, token_file: z.string().min(1).optional() }),
]);

export const Scope = z
  .strictObject({
    node: NodeName,
    registries: z.array(Registry).max(16, "16 registries at most").default([]),
    concurrency: z.int().min(1).max(256).default(8),
    keep: durationUpTo(3_650).default(30 * UNITS.d),
    run_as: RunAs.optional(),
    functions: z.string().min(1).optional(),
    flows: z.array(ScopeFlow).max(1_000, "1000 flows at most").default([]),
  })
  .superRefine(({ flows }, context) => {
    const paths = flows.map(({ path }) => path);
    for (const [index, path] of paths.entries()) {
      const first = paths.indexOf(path);
      if (first === index) continue;
      const message = `flow ${first + 1} has this path too: give each its own`;
      context.addIssue({ code: "custom", message, path: ["flows", index, "path"] });
    }
  });
export type Scope = z.infer<typeof Scope>;

export const TIMEOUT_MS = UNITS.h;
